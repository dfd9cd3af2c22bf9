/** Every primitive on float16, emitted and run, against the reference evaluator. */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../compiler/graph/build.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { scan } from "../../compiler/graph/scan.js";
import { sizeOf } from "../../compiler/ir/dims.js";
import { isFloat } from "../../compiler/ir/floats.js";
import { tabulate, tensor } from "../../compiler/ir/tensor.js";
import type { Graph, Tensor, Value } from "../../compiler/ir/types.js";
import { stream } from "../../runtime/random.js";
import { type Case, cases } from "./cases.js";
import { modelOf, run } from "./session.js";

const sizes = new Map([
  ["batch", 2],
  ["time", 3],
]);

/** Those whose cases make float32 by themselves or take nothing else, and the recurrent operators, which stand in exported models alone. */
const apart = new Set(["Constant", "Scan", "ScatterElements", "RNN", "GRU", "LSTM"]);

/** The case on operands of 16 bits; what goes in and out is float32. */
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
  const random = stream(1, "half");
  return Object.entries(operands).map(([name, { dtype, shape }]) => {
    const drawn = tabulate(
      dtype,
      shape.map((dim) => sizeOf(dim, sizes) ?? Number.NaN),
      () => (isFloat(dtype) ? random.normal() : dtype === "bool" ? random.below(2) : random.below(5) - 2),
    );
    const given = feed[name];
    return given === undefined ? drawn : { ...drawn, data: drawn.data.map((_, place) => given[place] ?? Number.NaN) };
  });
}

/** A few units in the last place of float16, by which the two may differ that round at other places. */
const tolerance = 2 ** -9;

async function expectNear(graph: Graph, inputs: readonly Tensor[]): Promise<void> {
  const wanted = evaluate(graph, inputs);
  const found = await run(await modelOf(graph, 18), inputs);
  for (const [index, { data, dtype, shape }] of wanted.entries()) {
    expect({ dtype: found[index]?.dtype, shape: found[index]?.shape }).toEqual({ dtype, shape });
    const far = Array.from(data).filter((value, place) => {
      const other = found[index]?.data[place] ?? Number.NaN;
      return !Object.is(value, other) && !(Math.abs(value - other) <= tolerance * Math.max(1, Math.abs(value)));
    });
    expect(far).toEqual([]);
  }
}

describe("float16", () => {
  for (const [op, variants] of Object.entries(cases)) {
    if (apart.has(op)) continue;
    for (const [variant, one] of Object.entries(variants))
      test(`${op}, ${variant}`, () => expectNear(halved(one), feeds(one)));
  }

  test("constants, rows of a table that is one-hot, and a loop", () => {
    const b = graphBuilder("half");
    const x = b.input("x", { dtype: "float32", shape: ["time", 3] });
    const i = b.input("i", { dtype: "int64", shape: ["time"] });
    const half = b.cast(x, "float16");
    const constant = b.constant(tensor("float16", [3], [0.1, -65504, 1e-7]));
    const { final, stacked } = scan(
      b,
      "sum",
      { initial: [b.expand(b.scalar(0, "float16"), [3])], scans: [half, b.oneHot(i, 3, "float16")] },
      (inner, [sum], [slice, row]) => {
        const next = inner.add(sum as Value, inner.mul(slice as Value, row as Value));
        return { next: [next], stacked: [inner.mul(next, 0.1)] };
      },
    );
    const graph = b.finish([...final, ...stacked, constant].map((value) => b.cast(value, "float32")));
    return expectNear(graph, [
      tensor("float32", [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 0.1]),
      tensor("int64", [3], [0, 2, 2]),
    ]);
  });
});
