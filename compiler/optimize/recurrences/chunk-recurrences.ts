/**
 * Loops whose matrix states are linear, taken apart: a matrix state becomes products within chunks of time steps, the
 * other states keep loops of their own, and all that reads them runs once over all time steps. It runs before
 * differentiation, so that the gradient is one of products too.
 */

import { bodyBuilder } from "../../graph/builder.js";
import { producersOf } from "../../graph/def-use.js";
import { scanOperands } from "../../graph/rewrite.js";
import { createValueMap } from "../../graph/value-map.js";
import type { Builder } from "../../ir/builder.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";
import { applyOutside, type OuterValue, outerOperands, outerSource, overTime } from "../loops/outer-values.js";
import { applyLoop, canBatch, type Loop, rewriteLoops } from "../loops/rewrite-loop.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize } from "../target/index.js";
import { type ChunkwiseSolution, solveChunkwise } from "./chunkwise.js";
import { stateComponents, stateDependencies } from "./components.js";
import { chunkSizes, chunkwiseMicroseconds, loopMicroseconds, type RecurrenceSize, sizeOf } from "./cost.js";
import { buildProduct, type Layout, type Outside, type Product } from "./factor.js";
import type { LinearForm } from "./form.js";
import { type MatrixRecurrence, matrixRecurrence } from "./matrix-recurrence.js";

/** The states of a loop in the order of their solution. */
export interface Fission {
  readonly components: readonly (readonly number[])[];
  readonly recurrences: ReadonlyMap<number, MatrixRecurrence>;
  readonly dependencies: ReadonlyMap<Value, ReadonlySet<number>>;
}

/** The loop's matrix recurrences; undefined where it has none, or a node that has no batching rule. */
export function fissionOf(loop: Loop): Fission | undefined {
  const { body, rematerialize } = loop.attributes;
  const { inner } = scanOperands(loop);
  if (rematerialize || !inner.states.some(({ type }) => type.shape.length > 2)) return undefined;
  const dependencies = stateDependencies(loop);
  const components = stateComponents(loop, dependencies);
  const recurrences = new Map<number, MatrixRecurrence>();
  const solved = new Set<number>();
  for (const component of components) {
    const [index = 0] = component;
    const recurrence = component.length === 1 ? matrixRecurrence(loop, index, dependencies, solved) : undefined;
    if (recurrence !== undefined) recurrences.set(index, recurrence);
    for (const state of component) solved.add(state);
  }
  return recurrences.size > 0 && body.nodes.every(canRunOutside(loop))
    ? { components, recurrences, dependencies }
    : undefined;
}

function canRunOutside(loop: Loop): (node: Node) => boolean {
  const { inner } = scanOperands(loop);
  const invariant = new Set<Value>(inner.captures);
  return (node) => {
    if (node.inputs.every((input) => invariant.has(input))) {
      for (const output of node.outputs) invariant.add(output);
      return true;
    }
    return canBatch(
      node,
      node.inputs.map((input) => !invariant.has(input)),
    );
  };
}

function takeApart(
  b: Builder,
  loop: Loop,
  operands: readonly Value[],
  { components, recurrences, dependencies }: Fission,
  size: number,
  timeSteps: number,
): readonly Value[] {
  const { body, stateCount, reverse, length } = loop.attributes;
  const { inner } = scanOperands(loop);
  const { outer } = scanOperands({ inputs: operands, attributes: loop.attributes });
  const producers = producersOf(body);
  const outerValues = outerOperands(loop, operands);
  const finals = new Map<number, Value>();
  const solutions = new Map<number, ChunkwiseSolution>();

  const outerValueOf = (value: Value): OuterValue => {
    const known = outerValues.get(value);
    if (known !== undefined) return known;
    const read = readForm(value);
    if (read !== undefined) {
      const result = { value: materialized(read.form, read.solution, value), perStep: true };
      outerValues.set(value, result);
      return result;
    }
    const producer = expectDefined(producers.get(value), "a solved state");
    const outputs = applyOutside(b, producer, producer.inputs.map(outerValueOf), length);
    producer.outputs.forEach((output, index) => {
      const outputValue = at(outputs, index);
      if (output.name !== undefined) b.withName(outputValue.value, output.name);
      outerValues.set(output, outputValue);
    });
    return outerValueOf(value);
  };

  const readForm = (value: Value) => {
    for (const [index, solution] of solutions) {
      const form = recurrences.get(index)?.readOf(value);
      if (form !== undefined) return { form, solution };
    }
    return undefined;
  };

  const aligned = (value: Value, layout: Layout, rank: number): Value => {
    const { value: outerValue, perStep } = outerValueOf(value);
    const lead = perStep ? at(outerValue.type.shape, 0) : 1;
    const axes = layout.flatMap((axis, index) => (axis < 0 ? [] : [{ axis, index }]));
    const order = [...axes].sort((x, y) => x.axis - y.axis).map(({ index }) => index);
    const offset = perStep ? 1 : 0;
    const perm = [
      ...(perStep ? [0] : []),
      ...[...order, ...layout.flatMap((axis, index) => (axis < 0 ? [index] : []))].map((index) => index + offset),
    ];
    const isOrdered =
      perm.every((axis, index) => axis === index) ||
      order.every((index, position) => position === 0 || index > at(order, position - 1));
    const ordered = isOrdered ? outerValue : b.transpose(outerValue, perm);
    const shape = Array.from({ length: rank }, (_, axis) => {
      const index = layout.indexOf(axis);
      return index < 0 ? 1 : at(value.type.shape, index);
    });
    return b.reshape(ordered, [lead, ...shape]);
  };
  const outsideOf = (rank: number): Outside => ({ b, aligned: (value, layout) => aligned(value, layout, rank) });

  /** The value of a form for all time steps. */
  function materialized({ layout, reads, terms }: LinearForm, solution: ChunkwiseSolution, value: Value): Value {
    const rank = at(inner.states, [...solutions].find(([, each]) => each === solution)?.[0] ?? 0).type.shape.length;
    const outside = outsideOf(rank);
    const scaledBy = (product: Product, operand: Value) => {
      const factor = buildProduct(product, outside);
      return factor === undefined ? operand : b.mul(operand, factor);
    };
    const addends = [
      ...reads.map((read) => scaledBy(read.scale, solution.read(read))),
      ...terms.map((term) => buildProduct(term, outside) ?? b.scalar(1)),
    ];
    const sum = addends.reduce((x, y) => b.add(x, y));
    const target = Array.from({ length: rank }, (_, axis) => {
      const index = layout.indexOf(axis);
      return index < 0 ? 1 : at(value.type.shape, index);
    });
    const whole = b.expand(sum, [length, ...target]);
    const used = layout.filter((axis) => axis >= 0);
    const rest = target.flatMap((_, axis) => (used.includes(axis) ? [] : [axis]));
    const isOrdered = used.every((axis, position) => position === 0 || axis > at(used, position - 1));
    const ordered = isOrdered ? whole : b.transpose(whole, [0, ...[...used, ...rest].map((axis) => axis + 1)]);
    return b.reshape(ordered, [length, ...value.type.shape]);
  }

  /** A loop of some states alone; it stacks the states before each step and all that it computes. */
  function separateLoop(component: readonly number[]): void {
    const states = component.map((index) => at(inner.states, index));
    const isOwn = (value: Value) => component.some((index) => dependencies.get(value)?.has(index));
    const needed = new Set<Node>();
    const need = (value: Value): void => {
      const producer = producers.get(value);
      if (producer === undefined || !isOwn(value) || needed.has(producer)) return;
      needed.add(producer);
      producer.inputs.forEach(need);
    };
    const next = component.map((index) => at(body.outputs, index));
    next.forEach(need);
    const nodes = body.nodes.filter((node) => needed.has(node));
    const builder = bodyBuilder(body.name, (value) => outerSource(outerValueOf(value)));
    const map = createValueMap(builder, (old) => old);
    for (const state of states) map.set(state, builder.input(state.name, state.type));
    for (const node of nodes) map.record(node, builder.copy(node, node.inputs.map(map.get)));
    const stacked = [...states, ...nodes.flatMap(({ outputs }) => outputs)];
    const results = applyLoop(
      b,
      loop,
      component.map((index) => at(outer.states, index)),
      outer.scans,
      builder,
      [...next, ...stacked].map((value) => (map.has(value) ? map.get(value) : builder.identity(value))),
    );
    component.forEach((index, position) => {
      finals.set(index, at(results, position));
    });
    stacked.forEach((value, position) => {
      outerValues.set(value, { value: at(results, component.length + position), perStep: true });
    });
  }

  for (const component of components) {
    const [index = 0] = component;
    const recurrence = recurrences.get(index);
    if (recurrence === undefined) {
      separateLoop(component);
      continue;
    }
    const state = at(inner.states, index).type.shape;
    const { keyAxis, valueAxes } = recurrence;
    const layout = { timeSteps, size, state, keyAxis, valueAxes, reverse, name: `${body.name}/chunks` };
    const solution = solveChunkwise(recurrence, outsideOf(state.length), at(outer.states, index), layout);
    solutions.set(index, solution);
    finals.set(index, solution.final);
  }
  return body.outputs.map((output, index) =>
    index < stateCount ? expectDefined(finals.get(index), "a final state") : overTime(b, outerValueOf(output), length),
  );
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
    return fission && size !== undefined ? takeApart(b, loop, operands, fission, size, timeSteps) : undefined;
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

function chosenChunk(loop: Loop, fission: Fission, timeSteps: number, context: PassContext): number | undefined {
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
