/** Nodes as equations: necessary parentheses only, and names for values that are read again. */
import { expect, test } from "vitest";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import type { Builder } from "../../../../compiler/ir/builder.js";
import { equationScope, infixLines, nameResults } from "../../../../compiler/ir/print/equations.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Value } from "../../../../compiler/ir/types.js";

/** The lines of an expression over x [2, 3], y [2, 3] and deep [4, 2, 3]. */
function lines(build: (b: Builder, x: Value, y: Value, cube: Value) => Value): readonly string[] {
  const b = graphBuilder("page");
  const input = (name: string, ...shape: readonly number[]) => b.input(name, { dtype: "float32", shape });
  const [x, y, cube] = [input("x", 2, 3), input("y", 2, 3), input("deep", 4, 2, 3)];
  const result = build(b, x, y, cube);
  const names = new Map([x, y, cube].map((value) => [value, String(value.name)]));
  names.set(result, "r");
  return infixLines(b.nodes, equationScope(names, b.nodes, [result]));
}

const gram = (b: Builder, x: Value, y: Value) => b.matmul(b.matmul(x, b.transpose(y, [1, 0])), y);

test.each<[string, (b: Builder, x: Value, y: Value, cube: Value) => Value]>([
  ["r = x - (y - x)", (b, x, y) => b.sub(x, b.sub(y, x))],
  ["r = x - y - x", (b, x, y) => b.sub(b.sub(x, y), x)],
  ["r = (x + y) * x", (b, x, y) => b.mul(b.add(x, y), x)],
  ["r = -(x * y)", (b, x, y) => b.neg(b.mul(x, y))],
  ["r = -x * y", (b, x, y) => b.mul(b.neg(x), y)],
  ["r = (x + y)^2", (b, x, y) => b.pow(b.add(x, y), 2)],
  ["r = x * (x @ transpose(y) @ y)", (b, x, y) => b.mul(x, gram(b, x, y))],
  ["r = x * (x @ transpose(y) @ y * y)", (b, x, y) => b.mul(x, b.mul(gram(b, x, y), y))],
  ["r = x @ transpose(y) @ y * x", (b, x, y) => b.mul(gram(b, x, y), x)],
  ["r = x * y * x", (b, x, y) => b.mul(x, b.mul(y, x))],
  ["r = x @ transpose(y)", (b, x, y) => b.matmul(x, b.transpose(y, [1, 0]))],
  ["r = transpose(deep)", (b, _x, _y, cube) => b.transpose(cube, [0, 2, 1])],
  ["r = transpose(deep, 1, 0, 2)", (b, _x, _y, cube) => b.transpose(cube, [1, 0, 2])],
  ["r = xᵀ @ y + 1", (b, x, y) => b.gemm(x, y, b.scalar(1), true)],
  ["r = (x + y)[0:1]", (b, x, y) => b.slice(b.add(x, y), 0, 0, 1)],
  ["r = flat(deep)", (b, _x, _y, cube) => b.reshape(cube, [8, 3])],
  ["r = x", (b, x) => b.reshape(x, [1, 2, 3])],
  ["r = sum_all(x)", (b, x) => b.sum(x)],
  ["r = sum(x)", (b, x) => b.sum(x, [1], true)],
  ["r = squeeze(sum(deep, -2), -2)", (b, _x, _y, cube) => b.sum(cube, [1])],
  ["r = sum(deep, -2)", (b, _x, _y, cube) => b.unsqueeze(b.sum(cube, [1]), [1])],
  ["r = outer(x, y)", (b, x, y) => b.mul(b.unsqueeze(y, [1]), b.unsqueeze(x, [2]))],
  ["r = x * where(x <= y, 1, 0)", (b, x, y) => b.mul(x, b.cast(b.not(b.greater(x, y)), "float32"))],
  ["r = where(x > y, x, y)", (b, x, y) => b.where(b.greater(x, y), x, y)],
])("%s", (expected, build) => {
  expect(lines(build)).toEqual([expected]);
});

test("a constant of ones is written in place, and one of indices has a line", () => {
  expect(lines((b, x) => b.matmul(x, b.constant(tensor("float32", [3, 1], [1, 1, 1]))))).toEqual([
    "r = x @ ones(3, 1)",
  ]);
  expect(lines((b, x) => b.gather(x, b.constant(tensor("int64", [2], [1, 0])), 0))).toEqual([
    "t = constant",
    "r = x[t]",
  ]);
});

test("a value that is read again has a name, unless it is short", () => {
  const twice = (b: Builder, value: Value) => b.mul(value, value);
  expect(lines((b, x) => twice(b, b.tanh(x)))).toEqual(["r = tanh(x) * tanh(x)"]);
  expect(lines((b, x, y) => twice(b, b.add(x, y)))).toEqual(["t = x + y", "r = t * t"]);
});

test("values that are written in place have parentheses in later lines", () => {
  const b = graphBuilder("page");
  const [x, y] = ["x", "y"].map((name) => b.input(name, { dtype: "float32", shape: [2] })) as [Value, Value];
  const difference = b.sub(x, y);
  const first = [...b.nodes];
  const result = b.sub(x, difference);
  const names = new Map([x, y].map((value) => [value, String(value.name)]));
  names.set(result, "r");
  const scope = equationScope(names, b.nodes, [result]);
  expect(infixLines(first, scope)).toEqual([]);
  expect(infixLines(b.nodes.slice(first.length), scope)).toEqual(["r = x - (x - y)"]);
});

test("results that are inputs or other results have lines", () => {
  const b = graphBuilder("page");
  const x = b.input("x", { dtype: "float32", shape: [2] });
  const y = b.tanh(x);
  const scope = equationScope(new Map([[x, "x"]]), b.nodes, [x, y, y]);
  expect(nameResults(scope, [x, y, y], ["a", "b", "c"])).toEqual(["a = x", "c = b"]);
  expect(infixLines(b.nodes, scope)).toEqual(["b = tanh(x)"]);
});
