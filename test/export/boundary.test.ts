/** What travels around an exported model: scaling before it, and behind it probabilities, classes or quantities. */
import { expect, test } from "vitest";
import { answersOf, scaledInputs } from "../../compiler/export/boundary.js";
import type { Boundary } from "../../compiler/export/options.js";
import { graphBuilder } from "../../compiler/graph/build.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import type { Builder } from "../../compiler/ir/builder.js";
import { tensor } from "../../compiler/ir/tensor.js";
import type { Value } from "../../compiler/ir/types.js";

/** What is made of a row of numbers. */
function rowsOf(build: (b: Builder, x: Value) => readonly Value[], row: readonly number[]) {
  const b = graphBuilder("boundary");
  const x = b.input("x", { dtype: "float32", shape: [1, row.length] });
  return evaluate(b.finish(build(b, x)), [tensor("float32", [1, row.length], row)]).map(({ data }) => [...data]);
}

const plain: Boundary = { inputs: null, outputs: null, answers: "numbers", logits: false, never: [] };

test("columns are scaled, those without a scaling stay, and what a float32 cuts off an offset is subtracted too", () => {
  const halves = [null, { offset: 2, factor: 0.5 }];
  expect(rowsOf((b, x) => [scaledInputs(b, x, halves)], [7, 8])).toEqual([[7, 3]]);
  const large = [{ offset: 1e9 + 0.25, factor: 4 }];
  expect(rowsOf((b, x) => [scaledInputs(b, x, large)], [1e9 + 1])).toEqual([[3]]);
});

test("quantities are scaled back", () => {
  const outputs = [null, { offset: 2, factor: 0.5 }];
  const made = rowsOf((b, x) => answersOf(b, x, { ...plain, outputs }).map(({ value }) => value), [7, 3]);
  expect(made).toEqual([[7, 8]]);
  expect(rowsOf((b, x) => answersOf(b, x, plain).map(({ value }) => value), [7, 3])).toEqual([[7, 3]]);
});

test.each<[string, Partial<Boundary>, readonly (readonly number[])[]]>([
  ["scores of classes", { answers: "classes", logits: true }, [[0, Math.log(3)], [0.25, 0.75], [1]]],
  ["probabilities of classes", { answers: "classes" }, [[0, Math.log(3)], [1]]],
  [
    "scores of yes or no",
    { answers: "probabilities", logits: true },
    [
      [0, Math.log(3)],
      [0.5, 0.75],
      [0, 1],
    ],
  ],
  [
    "probabilities of yes or no",
    { answers: "probabilities" },
    [
      [0, Math.log(3)],
      [0, 1],
    ],
  ],
])("%s", (_, boundary, expected) => {
  const given = (b: Builder, x: Value) => answersOf(b, x, { ...plain, ...boundary }).map(({ value }) => value);
  const found = rowsOf(given, [0, Math.log(3)]);
  expect(found.map((row) => row.map((number) => Number(number.toFixed(9))))).toEqual(
    expected.map((row) => row.map((number) => Number(number.toFixed(9)))),
  );
});
