/**
 * Loops whose matrix states are linear: a matrix state becomes products within chunks of time steps, and the other
 * states keep loops of their own. It runs before differentiation, so that the gradient is one of products too.
 */
import { scanOperands } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Graph, Value } from "../../ir/types.js";
import { type Loop, rewriteLoops } from "../loops/rewrite-loop.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize } from "../target/index.js";
import { solveChunkwise } from "./chunkwise.js";
import { chunkSizes, chunkwiseMicroseconds, loopMicroseconds, type RecurrenceSize, sizeOf } from "./cost.js";
import { buildProduct, type Layout, type Outside, type Product } from "./factor.js";
import { type MatrixRecurrence, matrixRecurrence } from "./matrix-recurrence.js";
import { canTakeApart, type Site, type Solution, type StateGroups, stateGroups, takeApart } from "./take-apart.js";

/** The states of a loop, of which some have matrix recurrences. */
export interface Fission extends StateGroups {
  readonly recurrences: ReadonlyMap<number, MatrixRecurrence>;
}

/** The loop's matrix recurrences; undefined where it has none, or a node that has no batching rule. */
export function fissionOf(loop: Loop): Fission | undefined {
  const { inner } = scanOperands(loop);
  if (loop.attributes.rematerialize || !inner.states.some(({ type }) => type.shape.length > 2)) return undefined;
  const groups = stateGroups(loop);
  const recurrences = new Map<number, MatrixRecurrence>();
  const solved = new Set<number>();
  for (const group of groups.components) {
    const [index = 0] = group;
    const recurrence = group.length === 1 ? matrixRecurrence(loop, index, groups.dependencies, solved) : undefined;
    if (recurrence !== undefined) recurrences.set(index, recurrence);
    for (const state of group) solved.add(state);
  }
  return recurrences.size > 0 && canTakeApart(loop) ? { ...groups, recurrences } : undefined;
}

/** The sizes of a value's axes in the layout of a state of some rank. */
function alignedShape(value: Value, layout: Layout, rank: number) {
  return Array.from({ length: rank }, (_, axis) => {
    const index = layout.indexOf(axis);
    return index < 0 ? 1 : at(value.type.shape, index);
  });
}

const isIncreasing = (axes: readonly number[]) =>
  axes.every((axis, index) => index === 0 || axis > at(axes, index - 1));

function outsideOf({ b, outerValueOf }: Site, rank: number): Outside {
  return {
    b,
    aligned(value, layout) {
      const { value: outerValue, perStep } = outerValueOf(value);
      const indices = [...layout.keys()];
      const inState = indices.filter((index) => at(layout, index) >= 0);
      const others = indices.filter((index) => at(layout, index) < 0);
      const order = inState.toSorted((x, y) => at(layout, x) - at(layout, y));
      const offset = perStep ? 1 : 0;
      const perm = [...(perStep ? [0] : []), ...[...order, ...others].map((index) => index + offset)];
      const ordered = isIncreasing(order) ? outerValue : b.transpose(outerValue, perm);
      const steps = perStep ? at(outerValue.type.shape, 0) : 1;
      return b.reshape(ordered, [steps, ...alignedShape(value, layout, rank)]);
    },
  };
}

/** A matrix state in chunks of some steps. */
function solveMatrix(loop: Loop, recurrence: MatrixRecurrence, size: number, site: Site): Solution {
  const { b, timeSteps, reverse } = site;
  const state = at(scanOperands(loop).inner.states, recurrence.stateIndex).type.shape;
  const outside = outsideOf(site, state.length);
  const { keyAxis, valueAxes } = recurrence;
  const name = `${loop.attributes.body.name}/chunks`;
  const layout = { timeSteps, size, state, keyAxis, valueAxes, reverse, name };
  const { read, final } = solveChunkwise(recurrence, outside, site.initial(recurrence.stateIndex), layout);
  const scaledBy = (product: Product, operand: Value) => {
    const factor = buildProduct(product, outside);
    return factor === undefined ? operand : b.mul(operand, factor);
  };
  return {
    final: [final],
    readOf(value) {
      const form = recurrence.readOf(value);
      if (form === undefined) return undefined;
      const addends = [
        ...form.reads.map((each) => scaledBy(each.scale, read(each))),
        ...form.terms.map((term) => buildProduct(term, outside) ?? b.scalar(1)),
      ];
      const shape = alignedShape(value, form.layout, state.length);
      const whole = b.expand(
        addends.reduce((x, y) => b.add(x, y)),
        [timeSteps, ...shape],
      );
      const used = form.layout.filter((axis) => axis >= 0);
      const rest = [...shape.keys()].filter((axis) => !used.includes(axis));
      const ordered = isIncreasing(used)
        ? whole
        : b.transpose(whole, [0, ...[...used, ...rest].map((axis) => axis + 1)]);
      return b.reshape(ordered, [timeSteps, ...value.type.shape]);
    },
  };
}

/** Takes loops of static length apart whose chunks have a size. */
export function rewriteChunkwise(
  graph: Graph,
  chunkOf: (loop: Loop, fission: Fission, timeSteps: number) => number | undefined,
): Graph {
  return rewriteLoops(graph, (b, loop, operands) => {
    const timeSteps = loop.attributes.length;
    if (typeof timeSteps !== "number" || timeSteps < 2) return undefined;
    const fission = fissionOf(loop);
    const size = fission && chunkOf(loop, fission, timeSteps);
    if (fission === undefined || size === undefined) return undefined;
    return takeApart(b, loop, operands, fission, timeSteps, ([index = 0], site) => {
      const recurrence = fission.recurrences.get(index);
      return recurrence && solveMatrix(loop, recurrence, size, site);
    });
  });
}

/** The estimated times of the matrix states of a loop, as that loop and in chunks of the best size. */
export interface Estimate {
  readonly loop: number;
  readonly chunkwise: number;
  readonly chunk: number;
}

export function estimateOf(loop: Loop, { recurrences }: Fission, timeSteps: number, context: PassContext): Estimate {
  const sizes = [...recurrences.values()].map((recurrence) => sizeOf(recurrence, loop, timeSteps, context));
  const total = (microseconds: (size: RecurrenceSize) => number) =>
    sizes.reduce((sum, size) => sum + microseconds(size), 0);
  const [best = { chunk: 8, chunkwise: Number.POSITIVE_INFINITY }] = chunkSizes
    .filter((chunk, index) => index === 0 || chunk < 2 * timeSteps)
    .map((chunk) => ({ chunk, chunkwise: total((size) => chunkwiseMicroseconds(size, chunk, context)) }))
    .sort((x, y) => x.chunkwise - y.chunkwise);
  return { loop: total((size) => loopMicroseconds(size, context)), ...best };
}

/** The steps of a chunk in the requested or fastest form; undefined for the loop. */
export function chosenChunk(loop: Loop, fission: Fission, timeSteps: number, context: PassContext): number | undefined {
  const { recurrence: form } = context;
  if (form === "loop" || form === "scan") return undefined;
  const estimate = estimateOf(loop, fission, timeSteps, context);
  return form === "chunkwise" || estimate.chunkwise < estimate.loop ? estimate.chunk : undefined;
}

/** True when a loop of a graph would be taken apart if its length were static. */
export function hasChunkableLoop(graph: Graph, context: PassContext): boolean {
  return graph.nodes.some((node) => {
    const timeSteps = node.op === "Scan" ? expectedSize(node.attributes.length, context, 0) : 0;
    const fission = node.op === "Scan" && timeSteps > 1 ? fissionOf(node) : undefined;
    return fission !== undefined && chosenChunk(node as Loop, fission, timeSteps, context) !== undefined;
  });
}

export const chunkRecurrences: Pass = {
  name: "chunk-recurrences",
  description:
    "Turns a linear matrix state into products within chunks: S' = f S + v kᵀ, y = S' q → (Q Kᵀ ∘ D) V + Q S.",
  run: (graph, context) =>
    rewriteChunkwise(graph, (loop, fission, timeSteps) => chosenChunk(loop, fission, timeSteps, context)),
};
