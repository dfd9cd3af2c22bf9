/** Random graphs full of what the passes look for: constants, moves, sums of products, pickings, loops with several states. */
import fc from "fast-check";
import { graphBuilder } from "../../compiler/graph/builder.js";
import { scan } from "../../compiler/graph/scan.js";
import type { Builder } from "../../compiler/ir/builder.js";
import { broadcastShapes, elementCount, sameShape } from "../../compiler/ir/dims.js";
import { at } from "../../compiler/ir/expect.js";
import { tabulate } from "../../compiler/ir/tensor.js";
import type { Graph, Tensor, Type, Value } from "../../compiler/ir/types.js";
import { swapLast } from "../../compiler/ops/contraction.js";
import { randomStream } from "../../runtime/tensors/random.js";

/** One step of growth: what is done, to which of the values so far, and a number for the choices that are left. */
export interface Instruction {
  readonly action: Action;
  readonly first: number;
  readonly second: number;
  readonly choice: number;
  /** What a loop does in its body. */
  readonly body: readonly Instruction[];
}

/** What grows: float values, whole numbers below `CLASSES`, and conditions; the last of each kind made is the nearest. */
interface GraphPool {
  readonly b: Builder;
  readonly values: Value[];
  readonly indices: readonly Value[];
  readonly conditions: Value[];
}

type ActionBuilder = (pool: GraphPool, x: Value, y: Value, instruction: Instruction) => readonly Value[];

const CLASSES = 3;
const rank = (value: Value) => value.type.shape.length;
const size = (value: Value, axis: number) => at(value.type.shape, axis);
const onBroadcastable = (extend: (b: Builder, x: Value, y: Value) => Value): ActionBuilder => {
  return ({ b }, x, y) => (broadcastShapes(x.type.shape, y.type.shape) === undefined ? [] : [extend(b, x, y)]);
};
const onAxis = (extend: (b: Builder, x: Value, axis: number, selector: number) => readonly Value[]): ActionBuilder => {
  return ({ b }, x, _, { choice: selector }) => (rank(x) === 0 ? [] : extend(b, x, selector % rank(x), selector >> 2));
};
const constantOf = (selector: number) => at([0, 1, -1, 0.5], selector % 4);

const actions = {
  tanh: ({ b }, x) => [b.tanh(x)],
  neg: ({ b }, x) => [b.neg(x)],
  identity: ({ b }, x) => [b.identity(x)],
  add: onBroadcastable((b, x, y) => b.add(x, y)),
  sub: onBroadcastable((b, x, y) => b.sub(x, y)),
  mul: onBroadcastable((b, x, y) => b.mul(x, y)),
  twice: ({ b }, x, y) => [b.mul(b.tanh(x), 0.5), b.mul(b.tanh(x), 0.5), b.tanh(y)],
  plus: ({ b }, x, _, { choice }) => [b.add(x, constantOf(choice))],
  minus: ({ b }, x, _, { choice }) => [choice < 12 ? b.sub(constantOf(choice), x) : b.sub(x, constantOf(choice))],
  times: ({ b }, x, _, { choice }) => [choice < 12 ? b.mul(x, constantOf(choice)) : b.mul(constantOf(choice), x)],
  plusFilled: ({ b }, x, _, { choice }) => [b.add(x, b.expand(constantOf(choice), x.type.shape))],
  timesWider: ({ b }, x, _, { choice }) => [b.mul(x, b.expand(constantOf(choice), [2, ...x.type.shape]))],
  blend: ({ b }, x) => {
    const [z, a] = [b.sigmoid(x), b.mul(x, x)];
    return [b.add(b.mul(a, b.sub(1, z)), b.mul(z, b.tanh(x)))];
  },
  gates: ({ b }, x, y, { choice }) => {
    const axis = rank(x) - 1;
    if (rank(x) === 0 || broadcastShapes(x.type.shape, y.type.shape) === undefined) return [];
    const parts = b.split(
      b.tanh(b.concat([x, x, x], axis)),
      [0, 1, 2].map(() => size(x, axis) as number),
      axis,
    );
    return parts.map((gate, index) => (index === choice % 5 ? b.tanh(gate) : b.add(gate, y)));
  },
  normalize: onAxis((b, x, _, choice) => {
    const centered = b.sub(x, b.mean(x, [-1], true));
    const normalized = b.div(centered, b.sqrt(b.add(b.mean(b.mul(centered, centered), [-1], true), 0.5)));
    const features = b.expand(constantOf(choice), x.type.shape.slice(-1));
    return [b.add(b.mul(normalized, features), features), b.layerNormalization(x, features, features, 0.5)];
  }),
  folded: ({ b }, x, _, { choice }) => [b.mul(x, b.exp(b.mul(b.scalar(0.1), constantOf(choice))))],
  condition: ({ b, conditions }, x) => {
    conditions.push(b.greater(x, 0.3217));
    return [];
  },
  where: ({ b, conditions }, x, y, { choice }) => {
    const condition = at(conditions, choice % conditions.length);
    const shape = broadcastShapes(x.type.shape, y.type.shape);
    if (shape === undefined || broadcastShapes(shape, condition.type.shape) === undefined) return [];
    return [b.where(condition, x, choice % 2 === 0 ? y : 0)];
  },
  mask: ({ b, conditions }, x, _, { choice }) => {
    const condition = at(conditions, choice % conditions.length);
    const fits = broadcastShapes(x.type.shape, condition.type.shape) !== undefined;
    return fits ? [b.mul(x, b.cast(b.not(condition), "float32"))] : [];
  },
  matmul: ({ b }, x, y) => {
    if (rank(x) < 2) return [];
    const fits = rank(y) === 2 && size(y, 0) === size(x, rank(x) - 1);
    return [b.matmul(x, fits ? y : b.transpose(x, swapLast(rank(x))))];
  },
  product: ({ b, values }, x, _, { choice }) => {
    const matrices = values.filter((y) => rank(y) === 2 && rank(x) > 1 && size(y, 0) === size(x, rank(x) - 1));
    const y = matrices[choice % Math.max(matrices.length, 1)];
    return y === undefined ? [] : [b.add(b.matmul(x, y), choice % 2 === 0 ? 1 : b.expand(1, [size(y, 1)]))];
  },
  gather: ({ b, indices }, x, _, { choice }) =>
    rank(x) > 0 && size(x, 0) === CLASSES ? [b.gather(x, at(indices, choice % indices.length), 0)] : [],
  oneHot: ({ b, indices }, x, _, { choice }) => {
    const index = at(indices, choice % indices.length);
    const rows = b.oneHot(index, CLASSES);
    const fits = rank(x) === 2 && size(x, 0) === CLASSES && rank(index) > 0;
    return [fits ? b.matmul(rows, x) : rows, b.sum(b.mul(rows, 0.5), [-1], true)];
  },
  sum: onAxis((b, x, axis, choice) => [b.sum(x, [axis], choice % 2 === 1)]),
  sumAll: ({ b }, x) => [b.sum(x)],
  transpose: ({ b }, x) => [b.transpose(x, [...x.type.shape.keys()].reverse())],
  turn: onAxis((b, x) => (rank(x) < 2 ? [] : [b.transpose(x, swapLast(rank(x)))])),
  flatten: ({ b }, x) => [b.reshape(x, [elementCount(x.type.shape)])],
  stack: ({ b }, x) => [b.reshape(b.unsqueeze(x, [0]), [1, elementCount(x.type.shape)])],
  unsqueeze: ({ b }, x, _, { choice }) => [b.unsqueeze(x, [choice % (rank(x) + 1)])],
  squeeze: onAxis((b, x, axis) => (size(x, axis) === 1 ? [b.squeeze(x, [axis])] : [])),
  expand: ({ b }, x) => [b.expand(b.expand(x, [1, ...x.type.shape]), [2, ...x.type.shape])],
  concat: onAxis((b, x, axis) => [b.concat([x, b.tanh(x), x], axis)]),
  join: ({ b }, x, y, { choice }) => {
    const axis = choice % Math.max(rank(x), 1);
    const meet = rank(x) > 0 && rank(x) === rank(y) && x.type.shape.every((d, a) => a === axis || d === size(y, a));
    return meet ? b.split(b.concat([x, y], axis), [size(x, axis) as number, size(y, axis) as number], axis) : [];
  },
  split: onAxis((b, x, axis, choice) => {
    const extent = size(x, axis) as number;
    if (extent < 2) return [];
    const parts = b.split(x, [1, extent - 1], axis);
    return choice % 2 === 0 ? parts : [b.concat(parts, axis)];
  }),
  slice: onAxis((b, x, axis, choice) => {
    const extent = size(x, axis) as number;
    return [b.slice(x, axis, 0, extent > 1 ? extent - (choice % 2) : extent)];
  }),
  pad: onAxis((b, x, axis, choice) => [b.pad(x, axis, choice % 2, 0)]),
  /** Along the leading axis of x, with states like its slices; the body sees x, y and all that is around it. */
  loop: (pool, x, y, { body, choice }) => {
    if (rank(x) === 0) return [];
    const { b, indices, conditions } = pool;
    const start = b.mul(b.sum(x, [0]), 0.25);
    const along = (value: Value) => rank(value) > 0 && size(value, 0) === size(x, 0);
    const scans = [x, ...indices.filter(along), ...conditions.filter(along)];
    const initial = [start, b.expand(0, start.type.shape), y];
    const { final, scanOutputs: stacked } = scan(
      b,
      "loop",
      { initial, scans, reverse: choice % 2 === 1 },
      (inner, states, [slice = x, ...others]) => {
        const [h = start, sum = start, running = y] = states;
        const bodies: GraphPool = {
          b: inner,
          values: [y, running, h, slice],
          indices: [...indices, ...others.filter(({ type }) => type.dtype === "int64")],
          conditions: [...conditions, ...others.filter(({ type }) => type.dtype === "bool")],
        };
        extendGraph(bodies, body);
        const sameShaped = (value: Value, nth: number) =>
          bodies.values.filter(({ type }) => sameShape(type.shape, value.type.shape)).at(-1 - nth) ?? value;
        return {
          next: [
            inner.tanh(inner.add(sameShaped(h, 0), sameShaped(h, 1))),
            choice % 4 > 1 ? inner.add(sum, sameShaped(sum, choice % 3)) : sameShaped(sum, 1),
            choice % 8 > 3 ? running : inner.tanh(sameShaped(running, 0)),
          ],
          scanOutputs: bodies.values.slice(-1 - (choice % 3)),
        };
      },
    );
    return [...final, ...stacked];
  },
} satisfies Readonly<Record<string, ActionBuilder>>;

type Action = keyof typeof actions;

/** Values with more entries are not kept: graphs stay quick to evaluate. */
const LARGEST = 40;

function extendGraph(garden: GraphPool, instructions: readonly Instruction[]): void {
  const { values } = garden;
  for (const instruction of instructions) {
    // The last value is picked as often as all earlier ones together, so that chains grow long.
    const pick = (number: number) => at(values, number % 2 === 0 ? values.length - 1 : (number >> 1) % values.length);
    const build: ActionBuilder = actions[instruction.action];
    const results = build(garden, pick(instruction.first), pick(instruction.second), instruction);
    values.push(...results.filter(({ type }) => Number(elementCount(type.shape)) <= LARGEST));
  }
}

const inputs: Readonly<Record<string, Type>> = {
  x: { dtype: "float32", shape: [2, 3] },
  v: { dtype: "float32", shape: [3] },
  E: { dtype: "float32", shape: [CLASSES, 2] },
  a: { dtype: "float32", shape: [] },
  ids: { dtype: "int64", shape: [2, 2] },
  id: { dtype: "int64", shape: [] },
  live: { dtype: "bool", shape: [2, 1] },
};

/** The outputs are what was made last, an input that was given, a value twice, and the sum of everything. */
export function graphOf(instructions: readonly Instruction[]): Graph {
  const b = graphBuilder("random");
  const inputNodes = Object.entries(inputs).map(([name, type]) => b.input(name, type));
  const ofType = (dtype: Type["dtype"]) => inputNodes.filter(({ type }) => type.dtype === dtype);
  const pool = { b, values: ofType("float32"), indices: ofType("int64"), conditions: ofType("bool") };
  extendGraph(pool, instructions);
  const last = at(pool.values, pool.values.length - 1);
  const total = pool.values.map((value) => b.sum(value)).reduce((x, y) => b.add(x, y));
  return b.finish([total, last, at(inputNodes, 1), last]);
}

export function operandsOf(seed: number): readonly Tensor[] {
  const random = randomStream(seed, "random graph");
  const entries = { float32: () => random.normal(), bool: () => random.below(2) };
  return Object.values(inputs).map(({ dtype, shape }) =>
    tabulate(
      dtype,
      shape as readonly number[],
      dtype === "float32" || dtype === "bool" ? entries[dtype] : () => random.below(CLASSES),
    ),
  );
}

const anyAction = fc.constantFrom(...(Object.keys(actions) as Action[]));

/** Up to a dozen steps of growth, one or two loops among them, and fewer in their bodies. */
export const { instructions } = fc.letrec<{ instruction: Instruction; instructions: readonly Instruction[] }>(
  (recurse) => ({
    instruction: fc.record({
      action: fc.oneof(
        { arbitrary: anyAction, weight: 8 },
        { arbitrary: fc.constantFrom<Action>("add", "sub", "mul", "tanh", "product"), weight: 4 },
        { arbitrary: fc.constant<Action>("loop"), weight: 2 },
      ),
      first: fc.nat(63),
      second: fc.nat(63),
      choice: fc.nat(23),
      body: fc.oneof({ maxDepth: 2, depthSize: "max" }, fc.constant([]), recurse("instructions")),
    }),
    instructions: fc.array(recurse("instruction"), {
      minLength: 1,
      maxLength: 12,
      size: "max",
      depthIdentifier: "body",
    }),
  }),
);

/** The same growth with no loop inside a loop. */
export function withFlatLoops(steps: readonly Instruction[]): readonly Instruction[] {
  return steps.map((step) => ({ ...step, body: step.body.filter(({ action }) => action !== "loop") }));
}
