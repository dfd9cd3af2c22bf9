/** The methods of a builder by operator: `b.add(x, y)` appends the node Add. */
import type { Operand, OpMethods } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { binaryOps, type OpAttributes, type OpName, unaryOps, type Value } from "../ir/types.js";

/** The part of a builder that its methods use. */
export interface NodeAppender {
  apply<K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): readonly Value[];
  readonly scalar: OpMethods["scalar"];
  /** The value in the graph of the builder. */
  local(value: Value): Value;
}

type Factory<M extends keyof OpMethods> = (appender: NodeAppender) => OpMethods[M];

type WithoutAttributes = { [K in OpName]: Record<never, never> extends OpAttributes[K] ? K : never }[OpName];

function applyOne<K extends OpName>(
  { apply }: NodeAppender,
  op: K,
  inputs: readonly Value[],
  attributes: OpAttributes[K],
): Value {
  return at(apply(op, inputs, attributes), 0);
}

/** Numbers become constants of the dtype of the other operands. */
function values({ scalar }: NodeAppender, operands: readonly Operand[]): readonly Value[] {
  const dtype = operands.find((operand) => typeof operand !== "number")?.type.dtype;
  return operands.map((operand) => (typeof operand === "number" ? scalar(operand, dtype) : operand));
}

/** Non-negative axes; undefined means all axes. */
function frontAxes(x: Value, axes: readonly number[] | undefined): readonly number[] {
  const rank = x.type.shape.length;
  return axes?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? x.type.shape.map((_, axis) => axis);
}

function axisOf(x: Value, axis: number): number {
  return at(frontAxes(x, [axis]), 0);
}

const unary =
  <K extends WithoutAttributes>(op: K) =>
  (b: NodeAppender) =>
  (x: Value) =>
    applyOne(b, op, [x], {} as OpAttributes[K]);

const binary =
  <K extends WithoutAttributes>(op: K) =>
  (b: NodeAppender) =>
  (x: Operand, y: Operand) =>
    applyOne(b, op, values(b, [x, y]), {} as OpAttributes[K]);

const reduce =
  (op: "ReduceSum" | "ReduceMean" | "ReduceMax") =>
  (b: NodeAppender) =>
  (x: Value, axes?: readonly number[], keep = false) =>
    applyOne(b, op, [x], { axes: frontAxes(x, axes), keep });

/** The factories of `ops` by method: `add` for Add. */
function byMethod<K extends OpName, F>(
  ops: readonly K[],
  factory: (op: K) => F,
): { readonly [P in K as Uncapitalize<P>]: F } {
  const entries = ops.map((op) => [op.charAt(0).toLowerCase() + op.slice(1), factory(op)]);
  return Object.fromEntries(entries);
}

const factories: { readonly [M in keyof OpMethods]: Factory<M> } = {
  ...byMethod([...unaryOps, "Softmax", "LogSoftmax", "Size"], unary),
  ...byMethod(binaryOps, binary),
  where: (b) => (condition, x, y) => applyOne(b, "Where", [condition, ...values(b, [x, y])], {}),
  matmul: (b) => (x, y) => applyOne(b, "MatMul", [x, y], {}),
  gemm:
    (b) =>
    (x, y, c, transA = false, transB = false) =>
      applyOne(b, "Gemm", c === undefined ? [x, y] : [x, y, c], { transA, transB }),
  sum: reduce("ReduceSum"),
  mean: reduce("ReduceMean"),
  reduceMax: reduce("ReduceMax"),
  layerNormalization: (b) => (x, scale, shift, epsilon) => {
    const ones = () => applyOne(b, "Expand", [b.scalar(1, x.type.dtype)], { shape: x.type.shape.slice(-1) });
    const scales = scale === 1 ? ones() : scale;
    return applyOne(b, "LayerNormalization", shift === undefined ? [x, scales] : [x, scales, shift], { epsilon });
  },
  argmax: (b) => (x, axis) => applyOne(b, "ArgMax", [x], { axis: axisOf(x, axis) }),
  reshape: (b) => (x, shape) => applyOne(b, "Reshape", [x], { shape }),
  expand: (b) => (x, shape) => applyOne(b, "Expand", values(b, [x]), { shape }),
  transpose: (b) => (x, perm) => applyOne(b, "Transpose", [x], { perm }),
  unsqueeze: (b) => (x, axes) => applyOne(b, "Unsqueeze", [x], { axes }),
  squeeze: (b) => (x, axes) => applyOne(b, "Squeeze", [x], { axes: frontAxes(x, axes) }),
  concat: (b) => (xs, axis) => applyOne(b, "Concat", xs, { axis: axisOf(at(xs, 0), axis) }),
  split: (b) => (x, sizes, axis) => b.apply("Split", [x], { axis: axisOf(x, axis), sizes }),
  slice: (b) => (x, axis, start, end) => applyOne(b, "Slice", [x], { axis: axisOf(x, axis), start, end }),
  pad: (b) => (x, axis, before, after) => applyOne(b, "Pad", [x], { axis: axisOf(x, axis), before, after }),
  gather: (b) => (data, indices, axis) => applyOne(b, "Gather", [data, indices], { axis: axisOf(data, axis) }),
  gatherElements: (b) => (data, indices, axis) =>
    applyOne(b, "GatherElements", [data, indices], { axis: axisOf(data, axis) }),
  scatterElements: (b) => (data, indices, updates, axis) =>
    applyOne(b, "ScatterElements", [data, indices, updates], { axis: axisOf(data, axis) }),
  oneHot:
    (b) =>
    (indices, depth, dtype = "float32") =>
      applyOne(b, "OneHot", [indices], { depth, dtype }),
  range: (b) => (limit) => applyOne(b, "Range", [], { limit }),
  rangeOf: (b) => (count, symbol) => applyOne(b, "Range", [count], { limit: symbol }),
  cast: (b) => (x, to) => (x.type.dtype === to ? b.local(x) : applyOne(b, "Cast", [x], { to })),
  constant: (b) => (value) => applyOne(b, "Constant", [], { value }),
  scalar: (b) => b.scalar,
};

/** Creates each method at its first use: a pass makes a builder for every loop body, mostly to copy nodes. */
class LazyOpMethods {
  constructor(readonly appender: NodeAppender) {}
}

for (const [name, factory] of Object.entries(factories))
  Object.defineProperty(LazyOpMethods.prototype, name, {
    get(this: LazyOpMethods) {
      const method = factory(this.appender);
      Object.defineProperty(this, name, { value: method });
      return method;
    },
  });

export function opMethods(appender: NodeAppender): OpMethods {
  return new LazyOpMethods(appender) as unknown as OpMethods;
}
