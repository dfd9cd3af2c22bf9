/**
 * Loops with states that have a solution: a linear matrix state becomes products within chunks of time steps, a window
 * of the last steps becomes slices, a wide elementwise state runs in blocks of steps, and the other states keep loops of
 * their own. It runs before differentiation, so that the gradient is one of products and blocks too.
 */
import { scanOperands } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Graph, Value } from "../../ir/types.js";
import { type Loop, rewriteLoops } from "../loops/rewrite-loop.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize } from "../target/index.js";
import { blockEstimate, chosenBlock } from "./block-cost.js";
import { type Block, blockOf, solveInBlocks } from "./blocks.js";
import { solveChunkwise } from "./chunkwise.js";
import { chunkSizes, chunkwiseMicroseconds, loopMicroseconds, type RecurrenceSize, sizeOf } from "./cost.js";
import { buildProduct, type Layout, type Outside, type Product } from "./factor.js";
import { type MatrixRecurrence, matrixRecurrence } from "./matrix-recurrence.js";
import { canTakeApart, type Site, type Solution, type StateGroups, stateGroups, takeApart } from "./take-apart.js";
import { solveWindow, type Window, windowOf } from "./window.js";

/** The states of a loop, of which some have matrix recurrences, are windows or are solved in blocks. */
export interface Fission extends StateGroups {
  readonly recurrences: ReadonlyMap<number, MatrixRecurrence>;
  /** By the first state of the group. */
  readonly blocks: ReadonlyMap<number, Block>;
  readonly windows: ReadonlyMap<number, Window>;
}

/** The states of a loop that have a solution; undefined without one, or with a node that has no batching rule. */
export function fissionOf(loop: Loop, context: PassContext): Fission | undefined {
  const { rematerialize, solved: isSolved, stateCount } = loop.attributes;
  if (rematerialize || isSolved || stateCount === 0) return undefined;
  const groups = stateGroups(loop);
  const blocks = new Map<number, Block>();
  const recurrences = new Map<number, MatrixRecurrence>();
  const windows = new Map<number, Window>();
  const solved = new Set<number>();
  for (const group of groups.components) {
    const [index = 0] = group;
    const window = windowOf(loop, groups, group);
    const sources = [...(window ? (groups.dependencies.get(window.step) ?? []) : [])];
    if (window !== undefined && sources.every((source) => windows.has(source))) windows.set(index, window);
    const recurrence = group.length === 1 ? matrixRecurrence(loop, index, groups.dependencies, solved) : undefined;
    if (recurrence !== undefined && !windows.has(index)) recurrences.set(index, recurrence);
    const block = windows.has(index) ? undefined : blockOf(loop, groups, group, context);
    if (block !== undefined) blocks.set(index, block);
    for (const state of group) solved.add(state);
  }
  const isSolvable = recurrences.size + windows.size + blocks.size > 0 && canTakeApart(loop);
  return isSolvable ? { ...groups, recurrences, windows, blocks } : undefined;
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

/** The choice for a loop: the steps of a chunk of its matrix states, and of a block; 0 where those remain in a loop. */
export interface Chunks {
  readonly matrix: number;
  block(block: Block): number;
}

export type ChunkChoice = (loop: Loop, fission: Fission, timeSteps: number) => Chunks;

/** Takes loops of static length apart that have a window, or states whose chunks or blocks have a size. */
export function rewriteSolvable(graph: Graph, context: PassContext, choose: ChunkChoice): Graph {
  return rewriteLoops(graph, (b, loop, operands) => {
    const timeSteps = loop.attributes.length;
    if (typeof timeSteps !== "number" || timeSteps < 2) return undefined;
    const fission = fissionOf(loop, context);
    if (fission === undefined) return undefined;
    const chunks = choose(loop, fission, timeSteps);
    const blocks = new Map([...fission.blocks].filter(([, block]) => chunks.block(block) > 0));
    if (chunks.matrix === 0 && fission.windows.size + blocks.size === 0) return undefined;
    return takeApart(b, loop, operands, fission, timeSteps, ([index = 0], site) => {
      const window = fission.windows.get(index);
      if (window !== undefined) return solveWindow(window, site);
      const block = blocks.get(index);
      if (block !== undefined) return solveInBlocks(loop, block, Math.min(chunks.block(block), timeSteps), site);
      const recurrence = chunks.matrix === 0 ? undefined : fission.recurrences.get(index);
      return recurrence && solveMatrix(loop, recurrence, chunks.matrix, site);
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

/** The steps of a chunk of the matrix states in the requested or fastest form; 0 for the loop. */
function chosenChunk(loop: Loop, fission: Fission, timeSteps: number, context: PassContext): number {
  const { recurrence: form } = context;
  if (form === "scan" || fission.recurrences.size === 0) return 0;
  const estimate = estimateOf(loop, fission, timeSteps, context);
  return form === "chunkwise" || estimate.chunkwise < estimate.loop ? estimate.chunk : 0;
}

/** The choice by the costs of the target, or the requested one. */
export const chosenChunks =
  (context: PassContext): ChunkChoice =>
  (loop, fission, timeSteps) => {
    const matrix = chosenChunk(loop, fission, timeSteps, context);
    return {
      matrix,
      block(block) {
        const recurrence = matrix === 0 ? undefined : fission.recurrences.get(at(block.group, 0));
        if (recurrence === undefined) return chosenBlock(block, timeSteps, context);
        const products = chunkwiseMicroseconds(sizeOf(recurrence, loop, timeSteps, context), matrix, context);
        const { chunkwise } = blockEstimate(block, timeSteps, context);
        return chunkwise < products ? chosenBlock(block, timeSteps, context) : 0;
      },
    };
  };

/** True when a loop of a graph would be taken apart if its length were static. */
export function hasSolvableLoop(graph: Graph, context: PassContext): boolean {
  if (context.recurrence === "loop") return false;
  return graph.nodes.some((node) => {
    const timeSteps = node.op === "Scan" ? expectedSize(node.attributes.length, context, 0) : 0;
    const fission = node.op === "Scan" && timeSteps > 1 ? fissionOf(node, context) : undefined;
    if (fission === undefined) return false;
    const chunks = chosenChunks(context)(node as Loop, fission, timeSteps);
    return (
      fission.windows.size + chunks.matrix > 0 || [...fission.blocks.values()].some((block) => chunks.block(block) > 0)
    );
  });
}

export const solveRecurrences: Pass = {
  name: "solve-recurrences",
  description:
    "Takes linear matrix states in chunks, and windows as slices: S' = f S + v kᵀ, y = S' q → (Q Kᵀ ∘ D) V + Q S.",
  run: (graph, context) =>
    context.recurrence === "loop" ? graph : rewriteSolvable(graph, context, chosenChunks(context)),
};
