/** Small graphs for every primitive: in its dtypes, with static and with symbolic shapes. */
import { scan } from "../../../../compiler/graph/scan.js";
import type { Builder } from "../../../../compiler/ir/builder.js";
import { addDims, floorDivDims, mulDims, subDims } from "../../../../compiler/ir/dims.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { OpName, Type, Value } from "../../../../compiler/ir/types.js";

const BATCH_TIME = mulDims("batch", "time");

/** A recurrent operator of three units with all optional inputs except peepholes. */
function recurrent(op: "RNN" | "GRU" | "LSTM", gates: number, extra: object, peepholes = false): Case {
  const rows = 3 * gates;
  const state = f32(1, "batch", 3);
  return {
    operands: {
      x: f32("time", "batch", 2),
      w: f32(1, rows, 2),
      r: f32(1, rows, 3),
      b: f32(1, 2 * rows),
      lengths: i32("batch"),
      h: state,
      ...(op === "LSTM" && { c: state }),
      ...(peepholes && { p: f32(1, 9) }),
    },
    build: (b, x) => {
      const common = { hidden: 3, lengths: true, initial: true };
      return [true, false].flatMap((reverse) => b.apply(op, x, { ...common, reverse, ...extra } as never));
    },
    feed: { lengths: [2, 1] },
  };
}

/** Inputs by name; the graph of a case declares those that it reads. */
type Operands = Readonly<Record<string, Type>>;
export interface Case {
  readonly operands: Operands;
  readonly build: (b: Builder, x: readonly Value[]) => readonly Value[];
  /** The first opset that has it. */
  readonly since?: number;
  /** What to feed instead of numbers in (-2, 2): by operand. */
  readonly feed?: Readonly<Record<string, readonly number[]>>;
}

const f32 = (...shape: (number | string)[]): Type => ({ dtype: "float32", shape });
const i64 = (...shape: (number | string)[]): Type => ({ dtype: "int64", shape });
const i32 = (...shape: (number | string)[]): Type => ({ dtype: "int32", shape });
const bool = (...shape: (number | string)[]): Type => ({ dtype: "bool", shape });

const unary = (build: (b: Builder, x: Value) => Value, positive = false): Case => ({
  operands: { x: f32("batch", 3) },
  build: (b, [x]) => (x ? [build(b, positive ? b.add(b.abs(x), 0.5) : x)] : []),
});
const binary = (build: (b: Builder, x: Value, y: Value) => Value, type: typeof f32 = f32): Case => ({
  operands: { x: type("batch", 1, 3), y: type("time", 1) },
  build: (b, [x, y]) => (x && y ? [build(b, x, y)] : []),
});
const singleCase = (
  operands: Operands,
  build: (b: Builder, ...x: Value[]) => Value | readonly Value[],
  overrides: Partial<Case> = {},
): Case => ({
  operands,
  build: (b, x) => [build(b, ...x)].flat(),
  ...overrides,
});

/** Integers of both signs, and divisors. */
const wholeOf = { x: [7, -7, 4, -4], y: [4, -4, 3] };

/** Total over the primitives: a new one does not type-check without a case. */
export const cases: { readonly [K in OpName]: Readonly<Record<string, Case>> } = {
  Constant: {
    "of every dtype": singleCase({ x: f32("batch", 2) }, (b, x) => [
      b.add(x, b.constant(tensor("float32", [2], [0.1, -1e-8]))),
      b.constant(tensor("int64", [3], [-1, 0, 2 ** 40])),
      b.constant(tensor("int32", [2], [-7, 7])),
      b.constant(tensor("bool", [2], [1, 0])),
      b.constant(tensor("float32", [0, 2], [])),
      b.add(x, Number.NEGATIVE_INFINITY),
    ]),
  },
  Range: {
    static: singleCase({ x: f32("batch") }, (b) => b.range(4)),
    symbolic: singleCase({ x: f32("batch", "time") }, (b) => [b.range("time"), b.range(BATCH_TIME)]),
    "of a quotient": singleCase({ x: f32("batch", "time") }, (b) => [
      b.range(floorDivDims(addDims("time", 1), 2)),
      b.range(addDims(floorDivDims(subDims("time", 100), 3), 40)),
      b.range(floorDivDims(floorDivDims(BATCH_TIME, 2), 3)),
    ]),
    "of an operand": singleCase(
      { n: i64() },
      (b, n) => {
        const positions = b.rangeOf(n, "places");
        return b.sum(b.cast(b.expand(b.unsqueeze(positions, [1]), ["places", "places"]), "float32"));
      },
      { feed: { n: [3] } },
    ),
  },
  Size: { plain: singleCase({ x: f32("batch", "time", 2) }, (b, x) => b.size(x)) },
  Identity: { plain: singleCase({ x: bool("batch") }, (b, x) => [b.identity(x), x, x]) },
  Cast: {
    "from float": singleCase({ x: f32("batch", 3) }, (b, x) => [
      b.cast(x, "int64"),
      b.cast(x, "int32"),
      b.cast(x, "bool"),
    ]),
    "from int64": singleCase({ x: i64("batch") }, (b, x) => [
      b.cast(x, "float32"),
      b.cast(x, "int32"),
      b.cast(x, "bool"),
    ]),
    "from bool": singleCase({ x: bool("batch") }, (b, x) => [
      b.cast(x, "float32"),
      b.cast(x, "int64"),
      b.cast(x, "int32"),
    ]),
  },
  Neg: { float: unary((b, x) => b.neg(x)), int64: singleCase({ x: i64("batch") }, (b, x) => b.neg(x)) },
  Exp: { float: unary((b, x) => b.exp(x)) },
  Log: { float: unary((b, x) => b.log(x), true) },
  Sqrt: { float: unary((b, x) => b.sqrt(x), true) },
  Abs: { float: unary((b, x) => b.abs(x)), int32: singleCase({ x: i32("batch") }, (b, x) => b.abs(x)) },
  Sign: { float: unary((b, x) => b.sign(x)) },
  Floor: { float: unary((b, x) => b.floor(x)) },
  Sin: { float: unary((b, x) => b.sin(x)) },
  Cos: { float: unary((b, x) => b.cos(x)) },
  Tanh: { float: unary((b, x) => b.tanh(x)) },
  Sigmoid: { float: unary((b, x) => b.sigmoid(x)) },
  Relu: { float: unary((b, x) => b.relu(x)) },
  Softplus: { float: unary((b, x) => b.softplus(x)) },
  Erf: { float: unary((b, x) => b.erf(x)) },
  Not: { plain: singleCase({ x: bool("batch", 3) }, (b, x) => b.not(x)) },
  Add: {
    float: binary((b, x, y) => b.add(x, y)),
    int64: binary((b, x, y) => b.add(x, y), i64),
    int32: binary((b, x, y) => b.add(x, y), i32),
  },
  Sub: { float: binary((b, x, y) => b.sub(x, y)), int64: binary((b, x, y) => b.sub(x, y), i64) },
  Mul: {
    "of what is scaled already": singleCase({ x: f32("batch", 3) }, (b, x) => {
      // onnxruntime would lose the halves between its two products, were they scaled again.
      const half = b.mul(x, 0.5);
      return b.matmul(half, b.matmul(b.transpose(x, [1, 0]), b.mul(half, 0.1)));
    }),
    "far beyond float32, and back": singleCase({ x: f32("batch", 3) }, (b, x) =>
      b.mul(b.mul(b.mul(x, 1e-30), 1e15), 1e15),
    ),
    float: binary((b, x, y) => b.mul(x, y)),
    int64: binary((b, x, y) => b.mul(x, y), i64),
  },
  Div: {
    float: binary((b, x, y) => b.div(x, b.add(b.abs(y), 1))),
    int32: singleCase({ x: i32("batch", 1), y: i32("time") }, (b, x, y) => b.div(x, y), { feed: wholeOf }),
    int64: singleCase({ x: i64("batch", 1), y: i64("time") }, (b, x, y) => b.div(x, y), { feed: wholeOf }),
  },
  Mod: {
    int64: singleCase({ x: i64("batch", 1), y: i64("time") }, (b, x, y) => b.mod(x, y), { feed: wholeOf }),
    int32: singleCase({ x: i32("batch", 1), y: i32("time") }, (b, x, y) => b.mod(x, y), { feed: wholeOf }),
    "far beyond 32 bits": singleCase({ x: i64("batch") }, (b, x) => b.mod(x, 2 ** 25 - 39), {
      feed: { x: [2 ** 52 - 1, 2 ** 50] },
    }),
  },
  Pow: { float: binary((b, x, y) => b.pow(b.add(b.abs(x), 0.5), y)) },
  Min: { float: binary((b, x, y) => b.min(x, y)), int64: binary((b, x, y) => b.min(x, y), i64) },
  Max: { float: binary((b, x, y) => b.max(x, y)), int32: binary((b, x, y) => b.max(x, y), i32) },
  Equal: { int64: binary((b, x, y) => b.equal(x, y), i64), float: binary((b, x, y) => b.equal(b.sign(x), b.sign(y))) },
  Less: { int64: binary((b, x, y) => b.less(x, y), i64), float: binary((b, x, y) => b.less(x, y)) },
  Greater: { int32: binary((b, x, y) => b.greater(x, y), i32), float: binary((b, x, y) => b.greater(x, y)) },
  And: { plain: binary((b, x, y) => b.and(x, y), bool) },
  Or: { plain: binary((b, x, y) => b.or(x, y), bool) },
  Where: {
    float: singleCase({ c: bool("batch", 1), x: f32("time") }, (b, c, x) => b.where(c, x, 0)),
    int64: singleCase({ c: bool("batch", 1), x: i64("time") }, (b, c, x) => b.where(c, 1, x)),
  },
  MatMul: {
    matrices: singleCase({ x: f32("batch", 4), y: f32(4, 3) }, (b, x, y) => b.matmul(x, y)),
    batched: singleCase({ x: f32("batch", "time", 4), y: f32("batch", 4, 3) }, (b, x, y) => b.matmul(x, y)),
  },
  Gemm: {
    plain: singleCase({ x: f32("batch", 4), y: f32(4, 3), c: f32(3) }, (b, x, y, c) => b.gemm(x, y, c)),
    transposed: singleCase({ x: f32(4, "batch"), y: f32(3, 4), c: f32("batch", 1) }, (b, x, y, c) =>
      b.gemm(x, y, c, true, true),
    ),
    "without a sum": singleCase({ x: f32("batch", 4), y: f32(3, 4) }, (b, x, y) =>
      b.gemm(x, y, undefined, false, true),
    ),
  },
  ReduceSum: {
    one: singleCase({ x: f32("batch", "time", 2) }, (b, x) => [b.sum(x, [1]), b.sum(x, [-1], true)]),
    all: singleCase({ x: f32("batch", "time") }, (b, x) => [b.sum(x), b.sum(b.sum(x))]),
    int64: singleCase({ x: i64("batch", "time") }, (b, x) => b.sum(x, [0, 1])),
  },
  ReduceMean: {
    float: singleCase({ x: f32("batch", "time", 2) }, (b, x) => [b.mean(x, [0, 1]), b.mean(x, [2], true), b.mean(x)]),
  },
  ReduceMax: {
    float: singleCase({ x: f32("batch", "time", 2) }, (b, x) => [b.reduceMax(x, [0, 2]), b.reduceMax(x, [1], true)]),
    int64: singleCase({ x: i64("batch", "time") }, (b, x) => b.reduceMax(x)),
  },
  ArgMax: { float: singleCase({ x: f32("batch", "time", 4) }, (b, x) => [b.argmax(x, -1), b.argmax(x, 1)]) },
  Softmax: { last: singleCase({ x: f32("batch", "time", 4) }, (b, x) => b.softmax(x)) },
  LayerNormalization: {
    "scale and shift": singleCase({ x: f32("batch", "time", 4), s: f32(4), t: f32(4) }, (b, x, s, t) =>
      b.layerNormalization(x, s, t, 1e-3),
    ),
    "statistics, without a shift": singleCase({ x: f32("batch", 3), s: f32(3) }, (b, x, s) =>
      b.apply("LayerNormalization", [x, s], { epsilon: 1e-5 }),
    ),
    "the last statistic alone": singleCase({ x: f32("batch", 3), s: f32(3) }, (b, x, s) =>
      b.apply("LayerNormalization", [x, s], { epsilon: 1e-5 }).slice(2),
    ),
  },
  LogSoftmax: { last: singleCase({ x: f32("batch", "time", 4) }, (b, x) => b.logSoftmax(x)) },
  Reshape: {
    static: singleCase({ x: f32(4, 6) }, (b, x) => b.reshape(x, [2, 12])),
    "one symbol": singleCase({ x: f32("batch", 6) }, (b, x) => [
      b.reshape(x, ["batch", 2, 3]),
      b.reshape(x, [6, "batch"]),
    ]),
    "merged axes": singleCase({ x: f32("batch", "time", 2) }, (b, x) => b.reshape(x, [BATCH_TIME, 2])),
    "split axes": singleCase({ x: f32("batch", "time", 2) }, (b, x) =>
      b.reshape(b.reshape(x, [BATCH_TIME, 2]), ["batch", "time", 2]),
    ),
    "axes that stay": singleCase({ x: f32("batch", "time", 4) }, (b, x) => b.reshape(x, ["batch", "time", 2, 2])),
    "an axis that stays and one that does not": singleCase({ x: f32("batch", "time", 2) }, (b, x) =>
      b.reshape(x, ["batch", mulDims(2, "time")]),
    ),
    "to rank 0": singleCase({ x: i64(1, 1) }, (b, x) => b.reshape(x, [])),
    "to no elements": singleCase({ x: f32("batch", 2) }, (b, x) => b.reshape(b.slice(x, 1, 0, 0), [0, 3, "batch"])),
  },
  Expand: {
    static: singleCase({ x: f32(3, 1) }, (b, x) => b.expand(x, [2, 3, 4])),
    symbolic: singleCase({ x: f32("batch", 1), y: f32("time") }, (b, x) => [
      b.expand(x, ["batch", 5]),
      b.expand(x, ["time", "batch", BATCH_TIME]),
      b.expand(b.scalar(2), ["batch", addDims("batch", addDims("time", -1))]),
    ]),
    integers: singleCase({ x: i64("batch", 1) }, (b, x) => [
      b.expand(x, ["batch", 2]),
      b.expand(b.cast(x, "bool"), ["batch", 2]),
    ]),
  },
  Transpose: {
    plain: singleCase({ x: f32("batch", "time", 2) }, (b, x) => [b.transpose(x, [1, 0, 2]), b.transpose(x, [2, 0, 1])]),
  },
  Unsqueeze: { plain: singleCase({ x: f32("batch", 3) }, (b, x) => [b.unsqueeze(x, [0, 2]), b.unsqueeze(x, [1])]) },
  Squeeze: { plain: singleCase({ x: f32(1, "batch", 1) }, (b, x) => [b.squeeze(x, [0, 2]), b.squeeze(x, [-1])]) },
  Concat: {
    plain: singleCase({ x: f32("batch", 3), y: f32("batch", 2) }, (b, x, y) => [
      b.concat([x, y], 1),
      b.concat([x], 0),
      b.concat([x, x], 0),
    ]),
  },
  Split: {
    plain: singleCase({ x: f32("batch", 5) }, (b, x) => [...b.split(x, [1, 4], 1), ...b.split(x, [5], 1)]),
    "equal symbols": singleCase({ x: f32("batch", 5), y: f32(mulDims(2, "batch"), 2) }, (b, _, y) =>
      b.split(y, ["batch", "batch"], 0),
    ),
  },
  Slice: {
    static: singleCase({ x: f32(5, "batch") }, (b, x) => b.slice(x, 0, 1, 3)),
    "to the end": singleCase({ x: f32("batch", "time") }, (b, x) => [
      b.slice(x, 1, 1, "time"),
      b.slice(x, 1, 0, "time"),
    ]),
    "from the end": singleCase({ x: f32("batch", "time") }, (b, x) => [
      b.slice(x, 1, addDims("time", -1), "time"),
      b.slice(x, 1, 0, addDims("time", -1)),
    ]),
    computed: singleCase({ y: f32("batch", "time"), x: f32(BATCH_TIME) }, (b, _, x) => [
      b.slice(x, 0, "batch", mulDims(2, "batch")),
      b.slice(x, 0, subDims(BATCH_TIME, "batch"), BATCH_TIME),
    ]),
  },
  Pad: {
    static: singleCase({ x: f32("batch", 2) }, (b, x) => [b.pad(x, 1, 1, 2), b.pad(x, 0, 0, 1)]),
    symbolic: singleCase({ x: f32("batch", "time") }, (b, x) => [
      b.pad(x, 0, "time", 0),
      b.pad(x, 1, 1, addDims("batch", -1)),
    ]),
    int64: singleCase({ x: i64("batch") }, (b, x) => b.pad(x, 0, 1, 0)),
  },
  Gather: {
    rows: singleCase({ x: f32(4, 3), i: i64("batch", "time") }, (b, x, i) => b.gather(x, i, 0), {
      feed: { i: [0, 3, 1, 2, 2, 0] },
    }),
    "int32 along the last axis": singleCase({ x: f32("batch", 4), i: i32(3) }, (b, x, i) => b.gather(x, i, 1), {
      feed: { i: [3, 0, 0] },
    }),
    "one row": singleCase({ x: f32("batch", 4) }, (b, x) => b.gather(x, b.scalar(1, "int64"), 0)),
  },
  GatherElements: {
    plain: singleCase({ x: f32("batch", 4), i: i64("batch", 1) }, (b, x, i) => b.gatherElements(x, i, 1), {
      feed: { i: [3, 0] },
    }),
    int32: singleCase({ x: f32("batch", 4), i: i32("batch", 2) }, (b, x, i) => b.gatherElements(x, i, 1), {
      feed: { i: [3, 0, 1, 1] },
    }),
  },
  ScatterElements: {
    "equal indices": singleCase(
      { x: f32("batch", 4), i: i64("batch", 2), u: f32("batch", 2) },
      (b, x, i, u) => b.scatterElements(x, i, u, 1),
      { feed: { i: [3, 3, 1, 0] }, since: 16 },
    ),
  },
  OneHot: {
    static: singleCase({ i: i64("batch", "time") }, (b, i) => [b.oneHot(i, 4), b.oneHot(i, 4, "int64")], {
      feed: { i: [0, 3, 1, 2, 2, 9] },
    }),
    symbolic: singleCase({ i: i32("batch"), x: f32("time") }, (b, i) => b.oneHot(i, "time"), { feed: { i: [2, 0] } }),
    "other dtypes": singleCase({ i: i64("batch") }, (b, i) => [b.oneHot(i, 3, "int32"), b.oneHot(i, 3, "bool")], {
      feed: { i: [2, 0] },
    }),
  },
  Scan: {
    "a running sum": singleCase({ x: f32("time", "batch", 2) }, (b, x) => {
      const { final, scanOutputs: stacked } = scan(
        b,
        "sum",
        { initial: [b.expand(b.scalar(0), ["batch", 2])], scans: [x] },
        (inner, [s], [slice]) => {
          const next = s && slice ? inner.add(s, slice) : inner.scalar(0);
          return { next: [next], scanOutputs: [inner.mul(next, 2)] };
        },
      );
      return [...final, ...stacked];
    }),
  },
  Gelu: {
    exact: singleCase({ x: f32("batch", 3) }, (b, x) => b.apply("Gelu", [x], { approximate: "none" })),
    "by tanh": singleCase({ x: f32("batch", 3) }, (b, x) => b.apply("Gelu", [x], { approximate: "tanh" }), {
      since: 20,
    }),
  },
  RMSNormalization: {
    rows: singleCase(
      { x: f32("batch", "time", 4), s: f32(4) },
      (b, x, s) => b.apply("RMSNormalization", [x, s], { epsilon: 1e-2 }),
      { since: 23 },
    ),
  },
  Attention: {
    plain: singleCase(
      { q: f32("batch", 2, "time", 4), k: f32("batch", 2, 5, 4), v: f32("batch", 2, 5, 3) },
      (b, q, k, v) => b.apply("Attention", [q, k, v], { scale: 0.5 }),
      { since: 23 },
    ),
    "shared keys and a bias": singleCase(
      { q: f32("batch", 4, 2, 4), k: f32("batch", 2, "time", 4), v: f32("batch", 2, "time", 4), bias: f32(2, "time") },
      (b, q, k, v, bias) => b.apply("Attention", [q, k, v, bias], { scale: 1 }),
      { since: 23 },
    ),
    "a bias of heads or rows": singleCase(
      {
        q: f32("batch", 2, 2, 4),
        k: f32("batch", 2, "time", 4),
        v: f32("batch", 2, "time", 4),
        h: f32(1, 2, 2, "time"),
        r: f32("batch", 1, 2, "time"),
      },
      (b, q, k, v, h, r) => [h, r].flatMap((bias) => b.apply("Attention", [q, k, v, bias], { scale: 1 })),
      { since: 23 },
    ),
  },
  RNN: {
    tanh: recurrent("RNN", 1, { activations: ["Tanh"] }),
    relu: recurrent("RNN", 1, { activations: ["Relu"] }),
  },
  GRU: {
    "reset before": recurrent("GRU", 3, { activations: ["Sigmoid", "Tanh"], linearBeforeReset: false }),
    "reset after": recurrent("GRU", 3, { activations: ["Sigmoid", "Tanh"], linearBeforeReset: true }),
  },
  LSTM: {
    plain: recurrent("LSTM", 4, { activations: ["Sigmoid", "Tanh", "Tanh"], peepholes: false }),
    peepholes: recurrent("LSTM", 4, { activations: ["Sigmoid", "Tanh", "Tanh"], peepholes: true }, true),
    "without first states": singleCase(
      { x: f32("time", "batch", 2), w: f32(1, 12, 2), r: f32(1, 12, 3), c: f32(1, 24) },
      (b, ...x) =>
        b.apply("LSTM", x, {
          hidden: 3,
          reverse: false,
          activations: ["Sigmoid", "Tanh", "Tanh"],
          lengths: false,
          initial: false,
          peepholes: false,
        }),
    ),
  },
};
