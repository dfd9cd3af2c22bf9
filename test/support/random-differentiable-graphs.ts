/** Random small graphs of smooth float primitives, with loops and loops in loops: for properties that every graph must have. */
import fc from "fast-check";
import { graphBuilder } from "../../compiler/graph/builder.js";
import { scan } from "../../compiler/graph/scan.js";
import type { Builder } from "../../compiler/ir/builder.js";
import { broadcastShapes, elementCount, sameShape } from "../../compiler/ir/dims.js";
import { at } from "../../compiler/ir/expect.js";
import { tabulate, tensor } from "../../compiler/ir/tensor.js";
import type { Graph, Tensor, Value } from "../../compiler/ir/types.js";
import { swapLast } from "../../compiler/ops/contraction.js";
import { randomStream } from "../../runtime/tensors/random.js";

/** How a graph grows by one step: what is done, to which of the values so far, and a number for the choices that are left. */
export interface Instruction {
  readonly action: Action;
  readonly first: number;
  readonly second: number;
  readonly choice: number;
  /** What a loop does in its body. */
  readonly body: readonly Instruction[];
}

interface Choice extends Instruction {
  /** Position of an axis of a value of some rank. */
  axis(rank: number): number;
}

/** The results of an action, none where the operands do not fit it. */
type Extend = (b: Builder, x: Value, y: Value, choice: Choice) => readonly Value[];

const rank = (value: Value) => value.type.shape.length;
const size = (value: Value, axis: number) => at(value.type.shape, axis) as number;

/** An action for values of a rank of one at least. */
const onAxis =
  (extend: Extend): Extend =>
  (b, x, y, selector) =>
    rank(x) === 0 ? [] : extend(b, x, y, selector);

/** An action for values of a rank of two at least. */
const onMatrix =
  (extend: Extend): Extend =>
  (b, x, y, selector) =>
    rank(x) < 2 ? [] : extend(b, x, y, selector);

/** An action for two values that broadcast together. */
const onSameShape =
  (extend: (b: Builder, x: Value, y: Value) => Value): Extend =>
  (b, x, y) =>
    broadcastShapes(x.type.shape, y.type.shape) === undefined ? [] : [extend(b, x, y)];

const actions = {
  tanh: (b, x) => [b.tanh(x)],
  sigmoid: (b, x) => [b.sigmoid(x)],
  softplus: (b, x) => [b.softplus(x)],
  sin: (b, x) => [b.sin(x)],
  cos: (b, x) => [b.cos(x)],
  exp: (b, x) => [b.exp(b.tanh(x))],
  log: (b, x) => [b.log(b.add(b.softplus(x), 0.5))],
  sqrt: (b, x) => [b.sqrt(b.add(b.mul(x, x), 0.5))],
  neg: (b, x) => [b.neg(x)],
  scale: (b, x, _, { choice }) => [b.mul(x, [0, 1, -1, 0.5, 2][choice % 5] ?? 1)],
  shift: (b, x, _, { choice }) => [b.add(x, [0, 1, -0.5][choice % 3] ?? 0)],
  add: onSameShape((b, x, y) => b.add(x, y)),
  sub: onSameShape((b, x, y) => b.sub(x, y)),
  mul: onSameShape((b, x, y) => b.mul(x, b.tanh(y))),
  div: onSameShape((b, x, y) => b.div(x, b.add(b.sigmoid(y), 1))),
  pow: onSameShape((b, x, y) => b.pow(b.add(b.sigmoid(x), 0.5), b.tanh(y))),
  where: onSameShape((b, x, y) => b.where(b.constant(tensor("bool", [], [1])), x, y)),
  matmul: onMatrix((b, x, y) => {
    const fits = rank(y) === 2 && size(y, 0) === size(x, rank(x) - 1);
    return [b.tanh(b.matmul(x, fits ? y : b.transpose(x, swapLast(rank(x)))))];
  }),
  gemm: onMatrix((b, x, y, { choice }) => {
    if (rank(x) > 2) return [];
    const transA = choice % 2 === 1;
    const transB = choice % 4 > 1;
    const bias = choice % 8 > 3 ? b.scalar(1) : undefined;
    const fits = rank(y) === 2 && size(x, transA ? 0 : 1) === size(y, transB ? 1 : 0);
    return [b.tanh(fits ? b.gemm(x, y, bias, transA, transB) : b.gemm(x, x, bias, transA, !transA))];
  }),
  sum: onAxis((b, x, _, { axis, choice }) => [b.sum(x, [axis(rank(x))], choice % 2 === 1)]),
  mean: onAxis((b, x, _, { axis, choice }) => [b.mean(x, [axis(rank(x))], choice % 2 === 1)]),
  softmax: onAxis((b, x) => [b.softmax(x)]),
  layerNorm: onAxis((b, x) => [b.layerNormalization(x, 1, undefined, 1e-3)]),
  logSoftmax: onAxis((b, x) => [b.logSoftmax(x)]),
  transpose: (b, x) => [b.transpose(x, [...x.type.shape.keys()].reverse())],
  flatten: (b, x) => [b.reshape(x, [elementCount(x.type.shape)])],
  unsqueeze: (b, x, _, { axis }) => [b.unsqueeze(x, [axis(rank(x) + 1)])],
  squeeze: onAxis((b, x, _, { axis }) => (size(x, axis(rank(x))) === 1 ? [b.squeeze(x, [axis(rank(x))])] : [])),
  expand: (b, x) => [b.expand(x, [2, ...x.type.shape])],
  concat: onAxis((b, x, _, { axis }) => [b.concat([x, b.neg(x)], axis(rank(x)))]),
  split: onAxis((b, x, _, { axis }) => {
    const extent = size(x, axis(rank(x)));
    return extent < 2 ? [] : b.split(x, [1, extent - 1], axis(rank(x)));
  }),
  slice: onAxis((b, x, _, { axis }) => {
    const extent = size(x, axis(rank(x)));
    return extent < 2 ? [] : [b.slice(x, axis(rank(x)), 1, extent)];
  }),
  pad: onAxis((b, x, _, { axis, choice }) => [b.pad(x, axis(rank(x)), choice % 2, 1)]),
  gather: onAxis((b, x, _, { axis, choice }) => {
    const extent = size(x, axis(rank(x)));
    return [b.gather(x, b.constant(tensor("int64", [3], [0, choice % extent, extent - 1])), axis(rank(x)))];
  }),
  /** Along the leading axis of x, from a state like one of its slices; the body sees x and y whole too. */
  loop: onAxis((b, x, y, { body, choice }) => {
    const start = b.mul(b.sum(x, [0]), 0.5);
    const { final, scanOutputs: stacked } = scan(
      b,
      "loop",
      { initial: [start], scans: [x], reverse: choice % 2 === 1 },
      (inner, [state = start], [slice = x]) => {
        const values = extendGraph(inner, [inner.tanh(inner.add(state, slice)), state, slice, y], body);
        const next = values.findLast((value) => sameShape(value.type.shape, state.type.shape)) ?? state;
        return { next: [next], scanOutputs: [at(values, values.length - 1)] };
      },
    );
    return [...final, ...stacked];
  }),
} satisfies Readonly<Record<string, Extend>>;

type Action = keyof typeof actions;

/** Values larger than this are not made: graphs stay quick to evaluate. */
const LARGEST = 48;

/** All values: those given and those that the instructions make of them. */
export function extendGraph(
  b: Builder,
  inputs: readonly Value[],
  instructions: readonly Instruction[],
): readonly Value[] {
  const values = [...inputs];
  for (const instruction of instructions) {
    // Later values are picked as often as all earlier ones together, so that chains grow long.
    const pick = (number: number) => at(values, number % 2 === 0 ? values.length - 1 : (number >> 1) % values.length);
    const axis = (ranks: number) => instruction.choice % ranks;
    const results = actions[instruction.action](b, pick(instruction.first), pick(instruction.second), {
      ...instruction,
      axis,
    });
    values.push(...results.filter(({ type }) => Number(elementCount(type.shape)) <= LARGEST));
  }
  return values;
}

const inputShapes: readonly (readonly number[])[] = [[2, 3], [3], [3, 2], []];

/** x0 … x3 of the shapes above; the outputs are what was made last and the sum of what was made before. */
export function graphOf(instructions: readonly Instruction[]): Graph {
  const b = graphBuilder("random");
  const inputs = inputShapes.map((shape, index) => b.input(`x${index}`, { dtype: "float32", shape }));
  const values = extendGraph(b, inputs, instructions);
  const sums = values.map((value) => b.sum(value));
  return b.finish([at(values, values.length - 1), sums.reduce((x, y) => b.add(x, y))]);
}

export function inputsOf(seed: number): readonly Tensor[] {
  const random = randomStream(seed, "random graph");
  return inputShapes.map((shape) => tabulate("float32", shape, () => random.normal()));
}

const anyAction = fc.constantFrom(...(Object.keys(actions) as Action[]));

/** Up to eight steps of growth, about one loop among them, and fewer in its body. */
export const { instructions } = fc.letrec<{ instruction: Instruction; instructions: readonly Instruction[] }>(
  (recurse) => ({
    instruction: fc.record({
      action: fc.oneof({ arbitrary: anyAction, weight: 6 }, { arbitrary: fc.constant<Action>("loop"), weight: 1 }),
      first: fc.nat(63),
      second: fc.nat(63),
      choice: fc.nat(23),
      body: fc.oneof({ maxDepth: 2, depthSize: "max" }, fc.constant([]), recurse("instructions")),
    }),
    instructions: fc.array(recurse("instruction"), {
      minLength: 1,
      maxLength: 8,
      size: "max",
      depthIdentifier: "body",
    }),
  }),
);
