/** Dim substitution: symbols become numbers in types, attributes and loop bodies. */
import { expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { scan } from "../../../compiler/graph/scan.js";
import { substituteDims } from "../../../compiler/graph/substitute-dims.js";
import { verify } from "../../../compiler/graph/verify.js";
import { addDims, mulDims } from "../../../compiler/ir/dims.js";
import { printGraph } from "../../../compiler/ir/print/text.js";
import { tensor } from "../../../compiler/ir/tensor.js";

const b = graphBuilder("sized");
const x = b.input("x", { dtype: "float32", shape: ["time", "batch", 2] });
const flat = b.reshape(x, [mulDims("batch", "time"), 2]);
const { final } = scan(
  b,
  "sum",
  { initial: [b.expand(b.scalar(0), ["batch", 2])], scans: [x] },
  (inner, [s], [slice]) => ({
    next: s && slice ? [inner.add(s, inner.expand(inner.slice(slice, 0, 0, 1), ["batch", 2]))] : [],
    scanOutputs: [],
  }),
);
const graph = b.finish([
  ...final,
  b.pad(b.slice(flat, 0, "batch", mulDims("batch", "time")), 0, addDims("time", -1), 0),
  b.oneHot(b.range("time"), "batch"),
]);

const sizes = new Map([
  ["time", 3],
  ["batch", 2],
]);

test("replaces every symbol in the graph, its loops and attributes, and keeps values", () => {
  const bound = verify(substituteDims(graph, sizes), "bind");
  expect(printGraph(bound)).not.toMatch(/time|batch/);
  const inputs = [
    tensor(
      "float32",
      [3, 2, 2],
      Array.from({ length: 12 }, (_, index) => index),
    ),
  ];
  expect(evaluate(bound, inputs)).toEqual(evaluate(graph, inputs));
});

test("keeps a symbol without a size", () => {
  const bound = verify(substituteDims(graph, new Map([["batch", 2]])), "bind");
  expect(bound.inputs[0]?.type.shape).toEqual(["time", 2, 2]);
  expect(printGraph(bound)).toContain("length=time");
});
