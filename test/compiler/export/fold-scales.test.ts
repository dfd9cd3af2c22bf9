/** Scales and offsets folded into products with weights: fewer operators, equal values. */
import { describe, expect, test } from "vitest";
import { foldScales } from "../../../compiler/export/fold-scales.js";
import { foldWeights } from "../../../compiler/export/fold-weights.js";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { scan } from "../../../compiler/graph/scan.js";
import { verify } from "../../../compiler/graph/verify.js";
import type { Builder } from "../../../compiler/ir/builder.js";
import { at } from "../../../compiler/ir/expect.js";
import { tabulate } from "../../../compiler/ir/tensor.js";
import type { Shape, Value } from "../../../compiler/ir/types.js";
import { dce } from "../../../compiler/optimize/canonicalize/dce.js";
import { randomStream } from "../../../runtime/tensors/random.js";

type Weight = (name: string, ...shape: Shape) => Value;

/** The operators that remain, but for constants, after a comparison of the values in float64. */
function folded(build: (b: Builder, x: Value, weight: Weight) => readonly Value[]): readonly string[] {
  const b = graphBuilder("affine");
  const shapes = new Map<string, readonly number[]>([["x", [3, 2, 4]]]);
  const x = b.input("x", { dtype: "float32", shape: ["time", "batch", 4] });
  const weight: Weight = (name, ...shape) => {
    shapes.set(name, shape.map(Number));
    return b.input(name, { dtype: "float32", shape });
  };
  const graph = b.finish(build(b, x, weight));
  const random = randomStream(1, "fold");
  const tensors = new Map(
    [...shapes].map(([name, shape]) => [name, tabulate("float32", shape, () => random.normal())]),
  );
  const operands = graph.inputs.map(({ name = "" }) => tensors.get(name) ?? tabulate("float32", [], () => 0));
  const context = { expected: new Map<string, number>() };
  const scaled = verify(
    dce.run(
      foldScales(graph, (index) => index > 0),
      context,
    ),
    "fold",
  );
  const [before, after] = [evaluate(graph, operands), evaluate(scaled, operands)];
  before.forEach(({ data }, index) => {
    data.forEach((value, entry) => {
      expect(at(after, index).data[entry]).toBeCloseTo(value, 12);
    });
  });
  const parameters = new Map(
    [...tensors].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );
  const { graph: remaining } = foldWeights(scaled, (_, index) => index > 0, parameters);
  return remaining.nodes.map(({ op }) => op).filter((op) => op !== "Constant");
}

const affine = (b: Builder, x: Value, weight: Weight) => b.add(b.matmul(x, weight("W", 4, 5)), weight("b", 5));
const scaledAndShifted = (b: Builder, x: Value, weight: Weight, size: number) =>
  b.add(b.mul(x, weight("s", size)), weight("t", size));

describe("is one affine map", () => {
  test.each<[string, (b: Builder, x: Value, weight: Weight) => Value]>([
    ["a product, scaled and shifted", (b, x, weight) => scaledAndShifted(b, b.matmul(x, weight("W", 4, 5)), weight, 5)],
    ["an affine map, scaled and shifted", (b, x, weight) => scaledAndShifted(b, affine(b, x, weight), weight, 5)],
    ["scaled and shifted, then an affine map", (b, x, weight) => affine(b, scaledAndShifted(b, x, weight, 4), weight)],
    [
      "a scale computed from weights",
      (b, x, weight) =>
        b.add(b.mul(b.div(1, b.sqrt(b.add(b.abs(weight("v", 5)), 0.1))), affine(b, x, weight)), weight("t", 5)),
    ],
  ])("%s", (_, build) => {
    expect(folded((b, x, weight) => [build(b, x, weight)])).toEqual(["MatMul", "Add"]);
  });
});

test("a scale before a product, alone", () => {
  expect(folded((b, x, weight) => [b.matmul(b.mul(x, weight("s", 4)), weight("W", 4, 5))])).toEqual(["MatMul"]);
});

describe("stays", () => {
  test("where something else reads the product", () => {
    const operators = folded((b, x, weight) => {
      const product = b.matmul(x, weight("W", 4, 5));
      return [b.mul(product, weight("s", 5)), product];
    });
    expect(operators).toEqual(["MatMul", "Mul"]);
  });

  test("in a loop, where the product of weights would be computed at every step", () => {
    const operators = folded((b, x, weight) => {
      const [W, s] = [weight("W", 4, 4), weight("s", 4)];
      const initial = b.squeeze(b.slice(x, 0, 0, 1), [0]);
      const { final } = scan(b, "loop", { initial: [initial], scans: [x] }, (inner, [h], [slice]) => ({
        next: [inner.mul(inner.matmul(inner.add(h as Value, slice as Value), W), s)],
        scanOutputs: [],
      }));
      return final;
    });
    expect(operators).toContain("Scan");
    expect(operators).not.toContain("Mul");
  });

  test("a scale that depends on the data", () => {
    const operators = folded((b, x, weight) => {
      const product = b.matmul(x, weight("W", 4, 4));
      return [b.mul(product, b.mean(x, [0, 1]))];
    });
    expect(operators).toEqual(["MatMul", "ReduceMean", "Mul"]);
  });
});
