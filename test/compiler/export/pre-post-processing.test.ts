/** Pre- and post-processing of exported models: scaling of inputs; probabilities, classes or unscaled outputs. */
import { expect, test } from "vitest";
import type { OutputProcessing } from "../../../compiler/export/options.js";
import { predictionOutputs, scaleInputs } from "../../../compiler/export/pre-post-processing.js";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import type { Builder } from "../../../compiler/ir/builder.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Value } from "../../../compiler/ir/types.js";

/** The results of one row of numbers. */
function rowsOf(build: (b: Builder, x: Value) => readonly Value[], row: readonly number[]) {
  const b = graphBuilder("boundary");
  const x = b.input("x", { dtype: "float32", shape: [1, row.length] });
  return evaluate(b.finish(build(b, x)), [tensor("float32", [1, row.length], row)]).map(({ data }) => [...data]);
}

const defaults: OutputProcessing = {
  port: "outputs",
  prefix: "",
  outputs: null,
  targetKind: "numbers",
  endsInLogits: false,
  forecasts: null,
};

test("columns are scaled, columns without a scaling are unchanged, and the rounding error of a large offset is subtracted", () => {
  const scalers = [null, { offset: 2, factor: 0.5 }];
  expect(rowsOf((b, x) => [scaleInputs(b, x, scalers)], [7, 8])).toEqual([[7, 3]]);
  const large = [{ offset: 1e9 + 0.25, factor: 4 }];
  expect(rowsOf((b, x) => [scaleInputs(b, x, large)], [1e9 + 1])).toEqual([[3]]);
});

test("predicted numbers are scaled back", () => {
  const outputs = [null, { offset: 2, factor: 0.5 }];
  const rows = rowsOf((b, x) => predictionOutputs(b, x, { ...defaults, outputs }).map(({ value }) => value), [7, 3]);
  expect(rows).toEqual([[7, 8]]);
  expect(rowsOf((b, x) => predictionOutputs(b, x, defaults).map(({ value }) => value), [7, 3])).toEqual([[7, 3]]);
});

test.each<[string, Partial<OutputProcessing>, readonly (readonly number[])[]]>([
  ["logits of classes", { targetKind: "classes", endsInLogits: true }, [[0, Math.log(3)], [0.25, 0.75], [1]]],
  ["probabilities of classes", { targetKind: "classes" }, [[0, Math.log(3)], [1]]],
  [
    "logits of binary outputs",
    { targetKind: "probabilities", endsInLogits: true },
    [
      [0, Math.log(3)],
      [0.5, 0.75],
      [0, 1],
    ],
  ],
  [
    "probabilities of binary outputs",
    { targetKind: "probabilities" },
    [
      [0, Math.log(3)],
      [0, 1],
    ],
  ],
])("%s", (_, boundary, expected) => {
  const outputs = (b: Builder, x: Value) =>
    predictionOutputs(b, x, { ...defaults, ...boundary }).map(({ value }) => value);
  const results = rowsOf(outputs, [0, Math.log(3)]);
  expect(results.map((row) => row.map((number) => Number(number.toFixed(9))))).toEqual(
    expected.map((row) => row.map((number) => Number(number.toFixed(9)))),
  );
});
