/** Operands that break a primitive's rules throw at once; the error names the node and the reason. */
import { expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import type { Builder } from "../../../compiler/ir/builder.js";
import { scalarTensor, tensor } from "../../../compiler/ir/tensor.js";
import type { Graph, Value } from "../../../compiler/ir/types.js";

/** Operands by name, such as `x` [2, 3]. */
interface Operands {
  readonly b: Builder;
  f(name: string, ...shape: readonly (number | string)[]): Value;
  i(name: string, ...shape: readonly (number | string)[]): Value;
  p(name: string, ...shape: readonly (number | string)[]): Value;
}

function errorOf(build: (operands: Operands) => void): string {
  const b = graphBuilder("graph");
  const input =
    (dtype: "float32" | "int64" | "bool") =>
    (name: string, ...shape: readonly (number | string)[]) =>
      b.input(name, { dtype, shape });
  try {
    build({ b, f: input("float32"), i: input("int64"), p: input("bool") });
  } catch (error) {
    return error instanceof Error ? error.message : `${error}`;
  }
  return "nothing is refused";
}

/** h' = h + x, with both of shape [batch, 2]. */
function sumStep(): Graph {
  const b = graphBuilder("sum");
  const h = b.input("h", { dtype: "float32", shape: ["batch", 2] });
  const x = b.input("x", { dtype: "float32", shape: ["batch", 2] });
  return b.finish([b.add(h, x)]);
}

const plainUnits = { hidden: 3, reverse: false, lengths: false, initial: false, activations: ["Tanh"] } as const;

const loop = { body: sumStep(), stateCount: 1, scanCount: 1, reverse: false, length: "time" };

test.each<readonly [string, (operands: Operands) => void]>([
  // elementwise
  ["Add(x[2, 3], y[4]): shapes [2, 3] and [4] do not broadcast", ({ b, f }) => b.add(f("x", 2, 3), f("y", 4))],
  ["Add(x[a], y[b]): shapes [a] and [b] do not broadcast", ({ b, f }) => b.add(f("x", "a"), f("y", "b"))],
  ["Add(x[2], y[2]): dtypes float32 and int64 differ", ({ b, f, i }) => b.add(f("x", 2), i("y", 2))],
  [
    "Div(x[2], y[2]): the operand is bool, not float32 or float16 or int64 or int32",
    ({ b, p }) => b.div(p("x", 2), p("y", 2)),
  ],
  ["Tanh(x[2]): the operand is int64, not float32 or float16", ({ b, i }) => b.tanh(i("x", 2))],
  ["And(x[2], y[2]): the operand is float32, not bool", ({ b, f, p }) => b.and(f("x", 2), p("y", 2))],
  ["Where(c[2], x[2], y[2]): the operand is float32, not bool", ({ b, f }) => b.where(f("c", 2), f("x", 2), f("y", 2))],
  [
    "Where(c[2], x[2], y[2]): dtypes float32 and int64 differ",
    ({ b, f, i, p }) => b.where(p("c", 2), f("x", 2), i("y", 2)),
  ],
  ["Add(x[2]): operand 1 is missing", ({ b, f }) => b.apply("Add", [f("x", 2)], {})],
  ["Neg(·[]): the operand is bool, not float32 or float16 or int64 or int32", ({ b }) => b.neg(b.scalar(1, "bool"))],
  // contraction
  [
    "MatMul(x[batch, 3], W[4, 2]): [batch, 3] times [4, 2]: inner sizes 3 and 4 differ",
    ({ b, f }) => b.matmul(f("x", "batch", 3), f("W", 4, 2)),
  ],
  ["MatMul(x[3], W[3, 2]): [3] is not a matrix", ({ b, f }) => b.matmul(f("x", 3), f("W", 3, 2))],
  [
    "MatMul(x[2, 4, 3], y[5, 3, 2]): [2, 4, 3] times [5, 3, 2]: leading axes differ",
    ({ b, f }) => b.matmul(f("x", 2, 4, 3), f("y", 5, 3, 2)),
  ],
  [
    "Gemm(x[2, 3], y[3, 4]): [2, 3] times [3, 4]: inner sizes 3 and 4 differ",
    ({ b, f }) => b.gemm(f("x", 2, 3), f("y", 3, 4), undefined, false, true),
  ],
  [
    "Gemm(x[2, 3], y[3, 4], c[5]): [5] does not broadcast to [2, 4]",
    ({ b, f }) => b.gemm(f("x", 2, 3), f("y", 3, 4), f("c", 5)),
  ],
  [
    "Gemm(x[2, 3], y[3, 4], c[1, 2, 4]): [1, 2, 4] does not broadcast to [2, 4]",
    ({ b, f }) => b.gemm(f("x", 2, 3), f("y", 3, 4), f("c", 1, 2, 4)),
  ],
  [
    "Gemm(x[2, 3], y[3, 4], c[4]): the operand is int64, not float32",
    ({ b, f, i }) => b.gemm(f("x", 2, 3), f("y", 3, 4), i("c", 4)),
  ],
  ["Gemm(x[3], y[3, 4]): the factors of Gemm have rank 2", ({ b, f }) => b.gemm(f("x", 3), f("y", 3, 4), undefined)],
  // reduction
  ["ReduceSum(x[2, 3]): [2, 3] has no axis 2", ({ b, f }) => b.sum(f("x", 2, 3), [2])],
  ["ReduceSum(x[2, 3]): axes [1, 1] repeat", ({ b, f }) => b.sum(f("x", 2, 3), [1, -1])],
  ["ReduceSum(x[2]): the operand is bool, not float32 or float16 or int64 or int32", ({ b, p }) => b.sum(p("x", 2))],
  ["ReduceMean(x[2]): the operand is int64, not float32 or float16", ({ b, i }) => b.mean(i("x", 2))],
  ["ArgMax(x[2]): [2] has no axis 1", ({ b, f }) => b.apply("ArgMax", [f("x", 2)], { axis: 1 })],
  ["Softmax(x[]): a scalar has no last axis", ({ b, f }) => b.softmax(f("x"))],
  ["LogSoftmax(x[2]): the operand is int64, not float32 or float16", ({ b, i }) => b.logSoftmax(i("x", 2))],
  // movement
  ["Reshape(x[2, 3]): [2, 3] and [5] differ in their number of elements", ({ b, f }) => b.reshape(f("x", 2, 3), [5])],
  [
    "Reshape(x[batch, time]): [batch, time] and [batch] differ in their number of elements",
    ({ b, f }) => b.reshape(f("x", "batch", "time"), ["batch"]),
  ],
  ["Expand(x[2, 3]): [2, 3] does not expand to [3]", ({ b, f }) => b.expand(f("x", 2, 3), [3])],
  ["Expand(x[2]): [2] does not expand to [4]", ({ b, f }) => b.expand(f("x", 2), [4])],
  ["Transpose(x[2, 3]): [0] is not a permutation of rank 2", ({ b, f }) => b.transpose(f("x", 2, 3), [0])],
  ["Transpose(x[2, 3]): [0, 0] is not a permutation of rank 2", ({ b, f }) => b.transpose(f("x", 2, 3), [0, 0])],
  ["Transpose(x[2, 3]): [0, 2] is not a permutation of rank 2", ({ b, f }) => b.transpose(f("x", 2, 3), [0, 2])],
  ["Unsqueeze(x[2]): [2] are not 1 axes of a result of rank 2", ({ b, f }) => b.unsqueeze(f("x", 2), [2])],
  ["Unsqueeze(x[2]): [0, 0] are not 2 axes of a result of rank 3", ({ b, f }) => b.unsqueeze(f("x", 2), [0, 0])],
  ["Squeeze(x[2, 1]): axes [0] of [2, 1] are not all 1", ({ b, f }) => b.squeeze(f("x", 2, 1), [0])],
  [
    "Concat(x[2, 3], y[4, 2]): float32[2, 3] and float32[4, 2] differ in an axis other than 1",
    ({ b, f }) => b.concat([f("x", 2, 3), f("y", 4, 2)], 1),
  ],
  [
    "Concat(x[2], y[2]): float32[2] and int64[2] differ in an axis other than 0",
    ({ b, f, i }) => b.concat([f("x", 2), i("y", 2)], 0),
  ],
  ["Concat(x[2]): [2] has no axis 1", ({ b, f }) => b.apply("Concat", [f("x", 2)], { axis: 1 })],
  ["Split(x[2, 5]): axis 1 of [2, 5] does not split into 2 + 2", ({ b, f }) => b.split(f("x", 2, 5), [2, 2], 1)],
  ["Split(x[4]): [4] has no axis 1", ({ b, f }) => b.apply("Split", [f("x", 4)], { axis: 1, sizes: [4] })],
  ["Slice(x[4]): [2, 5) is not within an axis of 4", ({ b, f }) => b.slice(f("x", 4), 0, 2, 5)],
  ["Slice(x[4]): [3, 2) is not within an axis of 4", ({ b, f }) => b.slice(f("x", 4), 0, 3, 2)],
  ["Slice(x[time]): [0, time+1) is not within an axis of time", ({ b, f }) => b.slice(f("x", "time"), 0, 0, "time+1")],
  ["Slice(x[4]): [4] has no axis 1", ({ b, f }) => b.apply("Slice", [f("x", 4)], { axis: 1, start: 0, end: 1 })],
  ["Pad(x[4]): padding -5 and 2 removes more than an axis of 4 has", ({ b, f }) => b.pad(f("x", 4), 0, -5, 2)],
  ["Pad(x[4]): [4] has no axis 1", ({ b, f }) => b.apply("Pad", [f("x", 4)], { axis: 1, before: 0, after: 1 })],
  // indexing
  [
    "Gather(E[5, 2], ids[3]): the operand is float32, not int64 or int32",
    ({ b, f }) => b.gather(f("E", 5, 2), f("ids", 3), 0),
  ],
  [
    "Gather(E[5, 2], ids[3]): [5, 2] has no axis 2",
    ({ b, f, i }) => b.apply("Gather", [f("E", 5, 2), i("ids", 3)], { axis: 2 }),
  ],
  [
    "GatherElements(x[batch, 5], ids[batch]): [batch] does not index [batch, 5] along axis 1",
    ({ b, f, i }) => b.gatherElements(f("x", "batch", 5), i("ids", "batch"), 1),
  ],
  [
    "ScatterElements(x[2, 5], ids[3, 1], u[3, 1]): [3, 1] does not index [2, 5] along axis 1",
    ({ b, f, i }) => b.scatterElements(f("x", 2, 5), i("ids", 3, 1), f("u", 3, 1), 1),
  ],
  [
    "ScatterElements(x[2, 5], ids[2, 1], u[2, 2]): updates are [2, 2], not [2, 1]",
    ({ b, f, i }) => b.scatterElements(f("x", 2, 5), i("ids", 2, 1), f("u", 2, 2), 1),
  ],
  ["OneHot(x[2]): the operand is float32, not int64 or int32", ({ b, f }) => b.oneHot(f("x", 2), 4)],
  // loop
  ["Scan(h[batch, 2]): 1 operands for a body with 2 inputs", ({ b, f }) => b.apply("Scan", [f("h", "batch", 2)], loop)],
  [
    "Scan(h[batch, 2], x[batch, 2]): a loop without a scanned input",
    ({ b, f }) => b.apply("Scan", [f("h", "batch", 2), f("x", "batch", 2)], { ...loop, scanCount: 0 }),
  ],
  [
    "Scan(h[batch, 2], x[time, batch, 2]): 2 states and 1 slices in a body with 2 inputs",
    ({ b, f }) => b.apply("Scan", [f("h", "batch", 2), f("x", "time", "batch", 2)], { ...loop, stateCount: 2 }),
  ],
  [
    "Scan(h[batch, 2], x[batch, batch, 2]): scanned input 1 has leading axis batch, the loop time",
    ({ b, f }) => b.apply("Scan", [f("h", "batch", 2), f("x", "batch", "batch", 2)], loop),
  ],
  [
    "Scan(h[batch, 3], x[time, batch, 2]): operand 0 is float32[batch, 3], but the body has float32[batch, 2]",
    ({ b, f }) => b.apply("Scan", [f("h", "batch", 3), f("x", "time", "batch", 2)], loop),
  ],
  [
    "Scan(h[batch, 2], x[time, batch, 2]): 0 next states for 1 states",
    ({ b, f }) => {
      const body = { ...sumStep(), outputs: [] };
      b.apply("Scan", [f("h", "batch", 2), f("x", "time", "batch", 2)], { ...loop, body });
    },
  ],
  [
    "Scan(h[batch, 2], x[time, batch, 2]): next state 0 is float32[2], but the body has float32[batch, 2]",
    ({ b, f }) => {
      const inner = graphBuilder("body");
      const h = inner.input("h", { dtype: "float32", shape: ["batch", 2] });
      inner.input("x", { dtype: "float32", shape: ["batch", 2] });
      const body = inner.finish([inner.sum(h, [0])]);
      b.apply("Scan", [f("h", "batch", 2), f("x", "time", "batch", 2)], { ...loop, body });
    },
  ],
  // ranges and recurrent operators
  ["Range(n[2]): the limit is int64[2], not an int64 scalar", ({ b, i }) => b.rangeOf(i("n", 2), "count")],
  [
    "RNN(x[time, batch, 2], W[1, 3, 2], R[1, 3, 3], B[1, 6], h[1, batch, 3]): 5 operands, not 4",
    ({ b, f }) =>
      b.apply(
        "RNN",
        [f("x", "time", "batch", 2), f("W", 1, 3, 2), f("R", 1, 3, 3), f("B", 1, 6), f("h", 1, "batch", 3)],
        plainUnits,
      ),
  ],
  [
    "RNN(x[time, batch, 2], W[1, 3, 2], R[1, 3, 3], B[1, 6]): 2 activations, not 1",
    ({ b, f }) =>
      b.apply("RNN", [f("x", "time", "batch", 2), f("W", 1, 3, 2), f("R", 1, 3, 3), f("B", 1, 6)], {
        ...plainUnits,
        activations: ["Tanh", "Tanh"],
      }),
  ],
  [
    "RNN(x[time, batch, 2], W[1, 3, 2], R[1, 3, 3], B[6]): operand 3 is float32[6], not float32[1, 6]",
    ({ b, f }) => b.apply("RNN", [f("x", "time", "batch", 2), f("W", 1, 3, 2), f("R", 1, 3, 3), f("B", 6)], plainUnits),
  ],
])("%s", (message, build) => {
  expect(errorOf(build)).toBe(message);
});

test("the number of a tensor's entries must match its shape", () => {
  expect(() => tensor("float32", [2, 3], [1, 2])).toThrow("2 numbers for a tensor of 6 elements");
  expect(scalarTensor(2)).toEqual({ dtype: "float32", shape: [], data: Float64Array.of(2) });
});
