/** Every primitive on float16, emitted and run, against the reference evaluator. */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { scan } from "../../../../compiler/graph/scan.js";
import { evaluateDim } from "../../../../compiler/ir/dims.js";
import { isFloat } from "../../../../compiler/ir/float16.js";
import { tabulate, tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph, Tensor, Value } from "../../../../compiler/ir/types.js";
import { randomStream } from "../../../../runtime/tensors/random.js";
import { modelOf, run } from "../../../support/run-graph.js";
import { type Case, cases } from "./cases.js";

const sizes = new Map([
  ["batch", 2],
  ["time", 3],
]);

/** Operators whose cases are float32 only, and those that only exported models have. */
const excludedOps = new Set([
  ...["Constant", "Scan", "ScatterElements"],
  ...["Gelu", "RMSNormalization", "Attention", "RNN", "GRU", "LSTM"],
]);

/** The case on float16 operands; inputs and outputs are float32. */
function halved({ operands, build }: Case): Graph {
  const b = graphBuilder("half");
  const inputs = Object.entries(operands).map(([name, type]) => b.input(name, type));
  const results = build(
    b,
    inputs.map((input) => (isFloat(input.type.dtype) ? b.cast(input, "float16") : input)),
  );
  return b.finish(results.map((result) => (isFloat(result.type.dtype) ? b.cast(result, "float32") : result)));
}

function feeds({ operands, feed = {} }: Case): readonly Tensor[] {
  const random = randomStream(1, "half");
  return Object.entries(operands).map(([name, { dtype, shape }]) => {
    const sample = tabulate(
      dtype,
      shape.map((dim) => evaluateDim(dim, sizes) ?? Number.NaN),
      () => (isFloat(dtype) ? random.normal() : dtype === "bool" ? random.below(2) : random.below(5) - 2),
    );
    const feedValues = feed[name];
    return feedValues === undefined
      ? sample
      : { ...sample, data: sample.data.map((_, index) => feedValues[index] ?? Number.NaN) };
  });
}

/** Tolerance of a few units in the last place of float16, for different orders of rounding. */
const tolerance = 2 ** -9;

async function expectNear(graph: Graph, inputs: readonly Tensor[]): Promise<void> {
  const expected = evaluate(graph, inputs);
  const actual = await run(await modelOf(graph, 18), inputs);
  for (const [index, { data, dtype, shape }] of expected.entries()) {
    expect({ dtype: actual[index]?.dtype, shape: actual[index]?.shape }).toEqual({ dtype, shape });
    const mismatches = Array.from(data).filter((value, position) => {
      const actualValue = actual[index]?.data[position] ?? Number.NaN;
      return (
        !Object.is(value, actualValue) && !(Math.abs(value - actualValue) <= tolerance * Math.max(1, Math.abs(value)))
      );
    });
    expect(mismatches).toEqual([]);
  }
}

describe("float16", () => {
  for (const [op, variants] of Object.entries(cases)) {
    if (excludedOps.has(op)) continue;
    for (const [variant, variantCase] of Object.entries(variants))
      test(`${op}, ${variant}`, () => expectNear(halved(variantCase), feeds(variantCase)));
  }

  test("constants, rows of a table that is one-hot, and a loop", () => {
    const b = graphBuilder("half");
    const x = b.input("x", { dtype: "float32", shape: ["time", 3] });
    const i = b.input("i", { dtype: "int64", shape: ["time"] });
    const half = b.cast(x, "float16");
    const constant = b.constant(tensor("float16", [3], [0.1, -65504, 1e-7]));
    const { final, scanOutputs: stacked } = scan(
      b,
      "sum",
      { initial: [b.expand(b.scalar(0, "float16"), [3])], scans: [half, b.oneHot(i, 3, "float16")] },
      (inner, [sum], [slice, row]) => {
        const next = inner.add(sum as Value, inner.mul(slice as Value, row as Value));
        return { next: [next], scanOutputs: [inner.mul(next, 0.1)] };
      },
    );
    const graph = b.finish([...final, ...stacked, constant].map((value) => b.cast(value, "float32")));
    return expectNear(graph, [
      tensor("float32", [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 0.1]),
      tensor("int64", [3], [0, 2, 2]),
    ]);
  });
});
