import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { buildCellStep } from "../../../../compiler/language/build-step.js";
import { type CellSizes, declaredShapes } from "../../../../compiler/language/size-expression.js";
import type { Problem } from "../../../../schema/diagnostics/index.js";
import { definition, type PartialCell, resolveCell } from "../../../support/cell-definition.js";
import { line } from "../../../support/problem-lines.js";

/** Builds a step of a cell with input size 3 and state size 4. */
function lower(partialCell: PartialCell, sizes: CellSizes = { hidden_size: 4, input_size: 3 }) {
  const problems: Problem[] = [];
  const cell = resolveCell(
    definition({
      options: { rate: 0.5 },
      state: { h: "hidden_size" },
      ...partialCell,
      parameters: {
        W: ["input_size", "hidden_size"],
        U: ["hidden_size", "hidden_size"],
        V: [24, "4*hidden_size"],
        b: ["hidden_size"],
        k: [7],
        s: [],
        ...partialCell.parameters,
      },
    }),
    {},
  );
  const builder = graphBuilder("step");
  const declared = declaredShapes(cell, sizes, "/cell", (problem) => problems.push(problem));
  const input = (name: string, shape: readonly (number | string)[]) => builder.input(name, { dtype: "float32", shape });
  const entries = Object.entries;
  const operands = {
    x: input("x", ["batch", sizes.input_size]),
    states: Object.fromEntries(
      entries(declared?.states ?? {}).map(([name, shape]) => [name, input(name, ["batch", ...shape])]),
    ),
    parameters: Object.fromEntries(
      entries(declared?.parameters ?? {}).map(([name, shape]) => [name, input(name, shape)]),
    ),
  };
  const step = buildCellStep(cell, sizes, builder, operands, (problem) => problems.push(problem), "/cell");
  return { step, problems: problems.map(line), nodes: builder.nodes.length };
}

/** The problems of one equation, followed by a next state. */
const problems = (equation: string, sizes?: CellSizes) =>
  lower({ equations: [equation, "h' = h"] }, sizes).problems.map((text) => text.replace("/cell/equations/0", ""));

describe("matrix products", () => {
  test("an example of the error message", () => {
    const messages = problems("g = tanh(x @ V + b)", { hidden_size: 25, input_size: 25 });
    expect(messages).toEqual([
      'shape-mismatch +11: x @ V: [batch, 25] times [24, 100]: the inner sizes 25 and 24 differ. V is declared [24, 4*hidden_size]; make its first size 25, or write "input_size".',
    ]);
  });

  test.each<[string, string]>([
    [
      "a = h @ W",
      'shape-mismatch +6: h @ W: [batch, 4] times [3, 4]: the inner sizes 4 and 3 differ. W is declared [input_size, hidden_size]; make its first size 4, or write "hidden_size".',
    ],
    [
      "a = (x * 2) @ U",
      "shape-mismatch +12: (x * 2) @ U: [batch, 3] times [4, 4]: the inner sizes 3 and 4 differ. U is declared [hidden_size, hidden_size]; make its first size 3.",
    ],
    [
      "a = W @ V",
      'shape-mismatch +6: W @ V: [3, 4] times [24, 16]: the inner sizes 4 and 24 differ. V is declared [24, 4*hidden_size]; make its first size 4, or write "hidden_size".',
    ],
    [
      "a = U @ h",
      'shape-mismatch +6: U @ h: [4, 4] times [batch, 4]: the inner sizes 4 and batch differ. The batch is the first axis: write "h @ U".',
    ],
    [
      "a = h @ h",
      'shape-mismatch +6: h @ h: [batch, 4] times [batch, 4]: the inner sizes 4 and batch differ. Write "sum(a * b)" for the product of two vectors of a row.',
    ],
    [
      "a = x @ b",
      'shape-mismatch +6: x @ b: b is [4], and @ multiplies matrices. Write "*" to multiply element by element, or declare b with two sizes.',
    ],
    [
      "a = b @ U",
      'shape-mismatch +6: b @ U: b is [4], and @ multiplies matrices. Write "*" to multiply element by element, or declare b with two sizes.',
    ],
    [
      "a = (b + 1) @ U",
      'shape-mismatch +12: (b + 1) @ U: b + 1 is [4], and @ multiplies matrices. Write "*" to multiply element by element.',
    ],
    [
      "a = 2 @ U",
      'shape-mismatch +6: 2 @ U: 2 is a number, and @ multiplies matrices. Write "*" to multiply every element.',
    ],
    [
      "a = h @ rate",
      'shape-mismatch +6: h @ rate: rate is a number, and @ multiplies matrices. Write "*" to multiply every element.',
    ],
  ])("%s", (equation, expected) => expect(problems(equation)).toEqual([expected]));
});

describe("broadcasting", () => {
  test.each<[string, string]>([
    [
      "a = h + k",
      'shape-mismatch +6: h + k: [batch, 4] and [7]: the sizes 4 and 7 differ. k is declared [7]; make its size 4, or write "hidden_size".',
    ],
    [
      "a = k * tanh(h)",
      "shape-mismatch +6: k * tanh(h): [7] and [batch, 4]: the sizes 7 and 4 differ. k is declared [7]; make its size 4.",
    ],
    ["a = x - h", "shape-mismatch +6: x - h: [batch, 3] and [batch, 4]: the sizes 3 and 4 differ"],
    [
      "a = h / U",
      'shape-mismatch +6: h / U: [batch, 4] and [4, 4]: the sizes batch and 4 differ. U is a matrix that all rows share: write "h @ U" for the product of a row with one.',
    ],
    ["a = where(h > x, 1, 0)", "shape-mismatch +12: h > x: [batch, 4] and [batch, 3]: the sizes 4 and 3 differ"],
    [
      "a = where(h > 0, x, 0)",
      "shape-mismatch +4: where(h > 0, x, 0): [batch, 4] and [batch, 3]: the sizes 4 and 3 differ",
    ],
    ["a = max(h, x)", "shape-mismatch +4: max(h, x): [batch, 4] and [batch, 3]: the sizes 4 and 3 differ"],
    [
      "a = concat(h, U)",
      "shape-mismatch +4: concat(h, U): [batch, 4] and [4, 4] differ in an axis other than the last",
    ],
    [
      "a, c = split(h * k * x * b * tanh(k) * sigmoid(k), 2)",
      'shape-mismatch +15: h * k: [batch, 4] and [7]: the sizes 4 and 7 differ. k is declared [7]; make its size 4, or write "hidden_size".',
    ],
    [
      "a, c, d = split(h, 3)",
      "shape-mismatch +10: split(h, 3): [batch, 4] does not split into 3 equal parts: its last size is 4",
    ],
    [
      "a = layer_norm(x, 2)",
      "shape-mismatch +4: layer_norm(x, 2): [batch, 3] does not split into 2 equal parts: its last size is 3",
    ],
  ])("%s", (equation, expected) => expect(problems(equation)).toEqual([expected]));

  test("a long expression is truncated", () => {
    expect(problems("a = sigmoid(h + h + h + h + h + h + h + h + h + h) * x")).toEqual([
      "shape-mismatch +51: sigmoid(h + h + h + h + h + h + h + h +…: [batch, 4] and [batch, 3]: the sizes 4 and 3 differ",
    ]);
  });

  test("an expression that depends on a problem is not reported again", () => {
    const { problems } = lower({ equations: ["a = x - h", "c, d = split(a @ U, 2)", "h' = tanh(c) + d", "y = x @ b"] });
    expect(problems).toEqual([
      "shape-mismatch /cell/equations/0+6: x - h: [batch, 3] and [batch, 4]: the sizes 3 and 4 differ",
      'shape-mismatch /cell/equations/3+6: x @ b: b is [4], and @ multiplies matrices. Write "*" to multiply element by element, or declare b with two sizes.',
    ]);
  });
});

describe("kinds", () => {
  const hint = 'A condition is the first argument of where: "where(a > b, a, b)".';
  test.each<[string, string]>([
    ["a = 1 + (h > 0)", `argument +9: h > 0 is a condition, not a number. ${hint}`],
    ["a = tanh(h > 0)", `argument +9: h > 0 is a condition, not a number. ${hint}`],
    ["a = -(h > 0)", `argument +6: h > 0 is a condition, not a number. ${hint}`],
    ["a = 0 < h < 1", `argument +4: 0 < h is a condition, not a number. ${hint}`],
    ["a = where(h > 0, h > 0, h)", `argument +17: h > 0 is a condition, not a number. ${hint}`],
    ["a = where(h, h, 0)", "argument +10: h is not a condition. Write a comparison with > < >= <= == or !=."],
    [
      "a = where(rate > 0, h, 0)",
      "argument +15: rate > 0 compares two numbers. Compare a tensor: this result never changes.",
    ],
    ["a = softmax(2)", "argument +12: 2: a number has no axes. Functions along an axis read vectors and matrices."],
    ["a = layer_norm(x, 1, 0)", "argument +21: 0: epsilon must be a number above 0"],
    [
      "a = layer_norm(rate, 2)",
      "argument +15: rate: a number has no axes. Functions along an axis read vectors and matrices.",
    ],
    ["a = sum(s)", "argument +8: s: a number has no axes. Functions along an axis read vectors and matrices."],
    ["a = concat(h, 1)", "argument +14: 1: a number has no axes. Functions along an axis read vectors and matrices."],
    [
      "a, c = split(rate, 2)",
      "argument +13: rate: a number has no axes. Functions along an axis read vectors and matrices.",
    ],
    ["a = h / (1 - 2 * rate) + h / (1 / 0)", "argument +30: 1 / 0 is not a finite number"],
    ["a = h * log(-1)", "argument +8: log(-1) is not a finite number"],
  ])("%s", (equation, expected) => expect(problems(equation)).toEqual([expected]));
});

describe("next states and outputs", () => {
  test.each<[string, readonly string[], string | undefined, string]>([
    [
      "another width",
      ["h' = x"],
      undefined,
      "shape-mismatch /cell/equations/0+0: h' is [batch, 3], and the state h is [batch, 4]",
    ],
    [
      "a matrix of parameters",
      ["h' = U"],
      undefined,
      "shape-mismatch /cell/equations/0+0: h' is [4, 4], and the state h is [batch, 4]",
    ],
    [
      "one column",
      ["h' = sum(h)"],
      undefined,
      "shape-mismatch /cell/equations/0+0: h' is [batch, 1], and the state h is [batch, 4]",
    ],
    [
      "a condition",
      ["h' = h > 0"],
      undefined,
      "shape-mismatch /cell/equations/0+0: h' is a condition, and the state h is [batch, 4]",
    ],
    [
      "a part",
      ["h', a = split(h, 2)"],
      undefined,
      "shape-mismatch /cell/equations/0+0: h' is [batch, 2], and the state h is [batch, 4]",
    ],
    [
      "an output that is a number",
      ["h' = h", "y = 2 * rate"],
      "y",
      "shape-mismatch /cell/output+0: the output y is a number, not [batch, width]. Read x in it.",
    ],
    [
      "an output that is a matrix",
      ["h' = h", "y = U"],
      "y",
      "shape-mismatch /cell/output+0: the output y is [4, 4], not [batch, width]",
    ],
    [
      "an output that is a condition",
      ["h' = h", "y = h > 0"],
      "y",
      "shape-mismatch /cell/output+0: the output y is a condition, not [batch, width]. Write where(condition, 1, 0).",
    ],
  ])("%s", (_, equations, output, expected) => {
    expect(lower({ equations, ...(output !== undefined && { output }) }).problems).toEqual([expected]);
  });

  test.each(["0", "rate", "b"])("h' = %s is expanded to the batch", (value) => {
    const { step, problems } = lower({ equations: [`h' = ${value}`, "y = h' @ U"], output: "y" });
    expect(problems).toEqual([]);
    expect(step?.states.h?.type.shape).toEqual(["batch", 4]);
    expect(step?.output.type.shape).toEqual(["batch", 4]);
  });

  test("an output that does not depend on the batch is expanded too", () => {
    const { step, problems } = lower({ equations: ["h' = h", "y = concat(b, k)"], output: "y" });
    expect(problems).toEqual([]);
    expect(step?.output.type.shape).toEqual(["batch", 11]);
  });
});

describe("sizes that depend on the data", () => {
  const sizes = { hidden_size: 4, input_size: "vocabulary" };

  test("a cell that does not compare them is built", () => {
    const { step, problems } = lower({ equations: ["h' = tanh(x @ W + b)", "y = concat(h', x)"], output: "y" }, sizes);
    expect(problems).toEqual([]);
    expect(step?.output.type.shape).toEqual(["batch", "vocabulary+4"]);
  });

  test("split uses slices", () => {
    const equations = ["p, q = split(concat(x, x), 2)", "h' = p @ W - q @ W"];
    const { step, problems } = lower({ equations }, sizes);
    expect(problems).toEqual([]);
    expect(step?.states.h?.type.shape).toEqual(["batch", 4]);
  });

  test.each(["x @ V", "x + k", "x * h", "concat(h, x) @ V"])(
    "%s may turn out right: no problem, and nothing is built",
    (value) => {
      expect(lower({ equations: [`a = ${value}`, "h' = h"] }, sizes)).toEqual({
        step: undefined,
        problems: [],
        nodes: 0,
      });
    },
  );

  test("the batch is not such a size", () => {
    expect(problems("a = W @ h", sizes)).toEqual([
      'shape-mismatch +6: W @ h: [vocabulary, 4] times [batch, 4]: the inner sizes 4 and batch differ. The batch is the first axis: write "h @ W".',
    ]);
  });
});
