/** The reference evaluator: sizes of symbols, checks of operands, graphs out of order. */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import type { Builder } from "../../../compiler/ir/builder.js";
import { tabulate, tensor } from "../../../compiler/ir/tensor.js";
import type { DType, Graph, Shape, Tensor, Value } from "../../../compiler/ir/types.js";

type Inputs = Readonly<Record<string, readonly [DType, Shape]>>;

function graphOf(inputs: Inputs, build: (b: Builder, ...values: readonly Value[]) => readonly Value[]): Graph {
  const b = graphBuilder("graph");
  const values = Object.entries(inputs).map(([name, [dtype, shape]]) => b.input(name, { dtype, shape }));
  return b.finish(build(b, ...values));
}

const ones = (...shape: readonly number[]): Tensor => tabulate("float32", shape, () => 1);

describe("evaluate", () => {
  test("takes sizes of symbols from the inputs", () => {
    const graph = graphOf({ x: ["float32", ["batch", "time", 2]] }, (b, x) => [
      b.range("time"),
      b.expand(b.scalar(7, "int64"), ["batch"]),
      ...(x === undefined ? [] : [b.reshape(x, ["2*batch*time"])]),
    ]);
    const [steps, sevens, flat] = evaluate(graph, [ones(2, 3, 2)]);
    expect(steps).toEqual(tensor("int64", [3], [0, 1, 2]));
    expect(sevens).toEqual(tensor("int64", [2], [7, 7]));
    expect(flat?.shape).toEqual([12]);
  });

  test("checks products of symbols once the symbols are known, in any order of inputs", () => {
    const inputs: Inputs = { rows: ["float32", ["batch*time", 2]], x: ["float32", ["batch", "time"]] };
    const graph = graphOf(inputs, (b, rows) => (rows === undefined ? [] : [b.neg(rows)]));
    expect(evaluate(graph, [ones(6, 2), ones(2, 3)])[0]?.shape).toEqual([6, 2]);
    expect(() => evaluate(graph, [ones(5, 2), ones(2, 3)])).toThrow("rows has 5 along axis 0, not batch*time");
  });

  test("takes other sizes from the caller", () => {
    const graph = graphOf({}, (b) => [b.range("classes")]);
    expect(evaluate(graph, [], new Map([["classes", 2]]))).toEqual([tensor("int64", [2], [0, 1])]);
    expect(() => evaluate(graph, [])).toThrow("the size of classes is not known");
  });

  test("computes float32 in double precision", () => {
    const graph = graphOf({ x: ["float32", []] }, (b, x) => (x === undefined ? [] : [b.add(x, 1e-12)]));
    expect(evaluate(graph, [tensor("float32", [], [1])])[0]?.data[0]).toBe(1 + 1e-12);
  });

  const square: Inputs = { x: ["float32", ["n", "n"]], y: ["float32", ["n", 3]] };
  test.each<readonly [string, readonly Tensor[]]>([
    ["x has 3 along axis 1, not n", [ones(2, 3), ones(2, 3)]],
    ["y has 4 along axis 0, not n", [ones(2, 2), ones(4, 3)]],
    ["y has 2 along axis 1, not 3", [ones(2, 2), ones(2, 2)]],
    ["x is float32[2], not float32[n, n]", [ones(2), ones(2, 3)]],
    ["y is int64[2, 3], not float32[n, 3]", [ones(2, 2), { ...ones(2, 3), dtype: "int64" }]],
    ["graph takes 2 inputs, not 1", [ones(2, 2)]],
    ["graph takes 2 inputs, not 3", [ones(2, 2), ones(2, 3), ones()]],
  ])("refuses: %s", (message, operands) => {
    const graph = graphOf(square, (b, x, y) => (x === undefined || y === undefined ? [] : [b.matmul(x, y)]));
    expect(() => evaluate(graph, operands)).toThrow(message);
  });

  test("refuses a graph that is out of order", () => {
    const graph = graphOf({ x: ["float32", []] }, (b, x) =>
      x === undefined ? [] : [b.exp(b.withName(b.neg(x), "minus"))],
    );
    const backwards = { ...graph, nodes: [...graph.nodes].reverse() };
    expect(() => evaluate(backwards, [ones()])).toThrow("minus is read before it is defined");
  });
});
