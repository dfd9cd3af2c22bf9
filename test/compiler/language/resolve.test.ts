import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { builtInFunctions } from "../../../compiler/language/functions/index.js";
import { builtInCells } from "../../../schema/built-in.js";
import type { NormalCellDefinition } from "../../../schema/normal/index.js";
import { builtIn, checkCell, definition, type PartialCell, resolveCell } from "../../support/cell-definition.js";
import { lines } from "../../support/problem-lines.js";

describe("options select variants", () => {
  const source = definition({
    options: { mode: "a", "odd/name": true },
    state: { h: "hidden_size" },
    parameters: { W: ["input_size", "hidden_size"] },
    initializers: { W: 0 },
    equations: ["h' = x @ W"],
    variants: {
      mode: { a: {}, b: { parameters: { V: [2] }, initializers: { W: 1 }, output: "y" } },
      "odd/name": { true: {}, false: { state: { s: 2 }, equations: ["h' = h"] } },
    },
  });

  test("the defaults", () => {
    expect(resolveCell(source, {})).toEqual({
      kind: "cell",
      functions: builtInFunctions,
      options: { mode: "a", "odd/name": true },
      inputs: {},
      state: { h: ["hidden_size"] },
      parameters: { W: ["input_size", "hidden_size"] },
      initializers: { W: 0 },
      equations: ["h' = x @ W"],
      output: "h'",
      onnx: null,
      pointers: {
        state: { h: "/state/h" },
        stateAxes: { h: ["/state/h"] },
        parameters: { W: "/parameters/W" },
        initializers: { W: "/initializers/W" },
        equations: "/equations",
        lines: ["/equations/0"],
        output: "/output",
      },
      missingTargets: [],
    });
  });

  test("entries that variants add and replace, with their pointers", () => {
    const cell = resolveCell(source, { mode: "b", "odd/name": false, residual: true });
    expect(cell).toEqual({
      kind: "cell",
      functions: builtInFunctions,
      options: { mode: "b", "odd/name": false },
      inputs: {},
      state: { h: ["hidden_size"], s: [2] },
      parameters: { W: ["input_size", "hidden_size"], V: [2] },
      initializers: { W: 1 },
      equations: ["h' = h"],
      output: "y",
      onnx: null,
      pointers: {
        state: { h: "/state/h", s: "/variants/odd~1name/false/state/s" },
        stateAxes: { h: ["/state/h"], s: ["/variants/odd~1name/false/state/s"] },
        parameters: { W: "/parameters/W", V: "/variants/mode/b/parameters/V" },
        initializers: { W: "/variants/mode/b/initializers/W" },
        equations: "/variants/odd~1name/false/equations",
        lines: ["/variants/odd~1name/false/equations/0"],
        output: "/variants/mode/b/output",
      },
      missingTargets: [],
    });
  });

  test("variants replace single equations, in order", () => {
    const cell = definition({
      options: { deep: false, wide: 0 },
      state: { h: "hidden_size", c: "hidden_size" },
      equations: ["a, b = split(x, 2)", "m = a * b", "h' = m", "c' = m"],
      variants: {
        deep: { true: { equations: { b: ["a, d = split(x, 2)", "b = d * h"], "h'": "h' = tanh(m)" } } },
        wide: {
          0: {},
          otherwise: {
            state: { h: "wide" },
            equations: { "h'": ["p = m @ P", "h' = p"], d: "d = x", e: "e = x" },
          },
        },
      },
    });
    const place = "/variants/wide/otherwise/equations";
    const [plain, deep, both] = [{}, { deep: true }, { deep: true, wide: 4 }].map((options) => {
      const { state, equations, pointers: written, missingTargets } = resolveCell(cell, options);
      return { state, equations, lines: written.lines, missingTargets };
    });
    expect(plain?.equations).toEqual(cell.equations);
    expect(plain?.lines).toEqual(["/equations/0", "/equations/1", "/equations/2", "/equations/3"]);
    expect(deep?.equations).toEqual(["a, d = split(x, 2)", "b = d * h", "m = a * b", "h' = tanh(m)", "c' = m"]);
    expect(both).toEqual({
      state: { h: ["wide"], c: ["hidden_size"] },
      equations: ["d = x", "b = d * h", "m = a * b", "p = m @ P", "h' = p", "c' = m"],
      lines: [
        `${place}/d`,
        "/variants/deep/true/equations/b/1",
        "/equations/1",
        `${place}/h'/0`,
        `${place}/h'/1`,
        "/equations/3",
      ],
      missingTargets: [{ name: "e", pointer: `${place}/e` }],
    });
  });
});

describe("checkCell", () => {
  const validCell: PartialCell = {
    state: { h: "hidden_size" },
    parameters: { W: ["input_size", "hidden_size"], b: ["hidden_size"] },
    equations: ["h' = tanh(x @ W + b) + h"],
  };
  const problems = (cell: PartialCell) => lines((report) => checkCell(definition(cell), "/cells/mine", report));

  test.each(builtInCells())("the built-in cell %s is valid", (name) => {
    expect(lines((report) => checkCell(builtIn(name), `/cells/${name}`, report))).toEqual([]);
  });

  test("returns true for a valid cell", () => {
    const check = (cell: NormalCellDefinition) => checkCell(cell, "", () => {});
    expect(check(definition(validCell))).toBe(true);
    expect(check(definition({ ...validCell, output: "y" }))).toBe(false);
  });

  test.each<[string, PartialCell, readonly string[]]>([
    [
      "duplicate names",
      {
        options: { x: 1, W: 2 },
        state: { tanh: 3, h: "hidden_size" },
        parameters: { W: [2], h: [2] },
        equations: ["h' = h", "tanh' = h"],
      },
      [
        `name-taken /cells/mine/options/x (key): "x" is the cell's input already. Use another name.`,
        'name-taken /cells/mine/state/tanh (key): "tanh" is a function already. Use another name.',
        'name-taken /cells/mine/parameters/W (key): "W" is an option already. Use another name.',
        'name-taken /cells/mine/parameters/h (key): "h" is a state already. Use another name.',
      ],
    ],
    [
      "variants of unknown options and of impossible values",
      {
        options: { after: true, count: 2, mode: "a", other: "b" },
        variants: { aftr: { true: {} }, after: { yes: {} }, count: { "2.0": {}, "3": {} }, mode: { b: {} } },
      },
      [
        'unknown-option /cells/mine/variants/aftr (key): the cell has no option "aftr". Did you mean "after"?',
        'unknown-variant /cells/mine/variants/after/yes (key): after cannot be "yes": it is true or false',
        'unknown-variant /cells/mine/variants/count/2.0 (key): count cannot be "2.0": it is a number. Write "otherwise" for all numbers without a variant.',
        'unknown-variant /cells/mine/options/mode: mode is "a", which has no variant. Variants: b.',
        'unknown-variant /cells/mine/options/other: other is "b", which has no variant. Add a variant for each value of other.',
      ],
    ],
    [
      "initializers",
      {
        options: { bias: 1, mode: "a" },
        variants: { mode: { a: {} } },
        initializers: {
          V: 0,
          W: "glorot",
          b: [
            { from: 0, to: "hidden_siz", value: "bias" },
            { from: "hidden_size-1", to: -1, value: "mode" },
            { from: 0, to: 1, value: "orthogonal" },
          ],
        },
      },
      [
        'unknown-parameter /cells/mine/initializers/V (key): the cell has no parameter "V". Parameters: W, b.',
        'unknown-initializer /cells/mine/initializers/W: unknown initializer "glorot". Initializers: glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, pytorch_uniform, orthogonal, bias.',
        'unknown-size /cells/mine/initializers/b/0/to+0: unknown size "hidden_siz". Did you mean "hidden_size"?',
        "size /cells/mine/initializers/b/1/to: -1 is not a size. A size is an integer from 0 to 2147483647.",
        'unknown-initializer /cells/mine/initializers/b/1/value: unknown initializer "mode". Initializers: glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, pytorch_uniform, orthogonal, bias.',
        "initializer /cells/mine/initializers/b/2/value: orthogonal is for matrices, and this parameter has 1 axis. Write a number.",
      ],
    ],
    [
      "slices that are empty or too long",
      {
        parameters: { W: ["input_size", "hidden_size"], b: [4] },
        initializers: {
          W: [{ from: 0, to: 9, value: 1 }],
          b: [
            { from: 2, to: 2, value: 1 },
            { from: 3, to: 5, value: 1 },
          ],
        },
      },
      [
        "initializer /cells/mine/initializers/b/0: the slice from 2 to 2 is empty",
        "initializer /cells/mine/initializers/b/1: the slice ends at 5, and the last axis at 4",
      ],
    ],
    [
      "unused parameters and options",
      {
        options: { rate: 1, flag: true, wide: 2, bias: 3, deep: false },
        parameters: { W: ["input_size", "wide"], b: ["hidden_size"], V: [2] },
        initializers: { b: "bias" },
        variants: { deep: { true: { parameters: { U: [2] } } } },
      },
      [
        'unused-parameter /cells/mine/parameters/V (key): no equation reads the parameter "V". Remove it, or read it in an equation.',
        'unused-parameter /cells/mine/variants/deep/true/parameters/U (key): no equation reads the parameter "U". Remove it, or read it in an equation.',
        'unused-option /cells/mine/options/rate (key): nothing depends on the option "rate". Remove it, or read it in an equation, a size, an initializer or a variant.',
        'unused-option /cells/mine/options/flag (key): nothing depends on the option "flag". Remove it, or read it in an equation, a size, an initializer or a variant.',
      ],
    ],
    [
      "every variant, each problem once",
      {
        options: { mode: "a" },
        parameters: { W: ["input", "hidden_size"], b: ["hidden_size"] },
        variants: { mode: { a: {}, b: { equations: ["h' = tanh(x @ W + bb) + h"] }, c: { output: "y" } } },
      },
      [
        'unknown-size /cells/mine/parameters/W/0+0: unknown size "input". Did you mean "input_size"?',
        'unknown-name /cells/mine/variants/mode/b/equations/0+18: unknown name "bb". Names: x, h, W, b.',
        `unknown-name /cells/mine/variants/mode/c/output: the output "y" is not a name that an equation sets. Names: h'.`,
      ],
    ],
    [
      "a variant that replaces no equation, and problems of replacing equations",
      {
        options: { mode: "a", wide: 0 },
        variants: {
          mode: { a: {}, b: { equations: { s: "s = x", "h'": ["n = tanh(x @ V)", "h' = n +"] } } },
          wide: { "0": {}, otherwise: { state: { h: "wide" }, equations: { "h'": "h' = x @ W + b" } } },
        },
      },
      [
        "equation-syntax /cells/mine/variants/mode/b/equations/h'/1+8: a value is missing at the end",
        'unknown-name /cells/mine/variants/mode/b/equations/h\'/0+13: unknown name "V". Names: x, h, W, b, wide.',
        'unknown-name /cells/mine/variants/mode/b/equations/s (key): no equation sets "s", so this variant replaces nothing. Names: n, h\'.',
      ],
    ],
    [
      "shapes that are wrong for all sizes",
      { equations: ["h' = W @ x + b"] },
      [
        'shape-mismatch /cells/mine/equations/0+7: W @ x: [input_size, hidden_size] times [batch, input_size]: the inner sizes hidden_size and batch differ. The batch is the first axis: write "x @ W".',
      ],
    ],
    [
      "a wrong name, a wrong function and a wrong shape, each in its equation",
      {
        parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"], b: ["hidden_size"] },
        equations: ["a = tahn(U @ x)", "c = h @ k", "d = sum(h, 2) + (b @ U)", "h' = tanh(x @ W + b) + h + a + c + d"],
      },
      [
        'unknown-function /cells/mine/equations/0+4: unknown function "tahn". Did you mean "tanh"?',
        'unknown-name /cells/mine/equations/1+8: unknown name "k". Names: x, h, W, U, b, a.',
        'shape-mismatch /cells/mine/equations/0+11: U @ x: [hidden_size, hidden_size] times [batch, input_size]: the inner sizes hidden_size and batch differ. The batch is the first axis: write "x @ U".',
        "argument /cells/mine/equations/2+11: 2: the axes of [hidden_size] are counted from the last: -1. The batch and the time are no axes of an equation.",
        'shape-mismatch /cells/mine/equations/2+19: b @ U: b is [hidden_size], and @ multiplies matrices. Write "*" to multiply element by element, or declare b with two sizes.',
      ],
    ],
    [
      "an invalid size and a wrong shape",
      {
        parameters: { W: ["input", "hidden_size"], V: ["hidden_size"], b: ["hidden_size"] },
        equations: ["h' = tanh(x @ W + b) + h @ V"],
      },
      [
        'unknown-size /cells/mine/parameters/W/0+0: unknown size "input". Did you mean "input_size"?',
        'shape-mismatch /cells/mine/equations/0+25: h @ V: V is [hidden_size], and @ multiplies matrices. Write "*" to multiply element by element, or declare V with two sizes.',
      ],
    ],
    [
      "a state that no equation sets and a wrong shape",
      { state: { h: "hidden_size", c: "hidden_size" }, equations: ["h' = W @ x + b"] },
      [
        "state-not-set /cells/mine/equations: no equation sets c', the next value of the state c. Add one: \"c' = …\".",
        'shape-mismatch /cells/mine/equations/0+7: W @ x: [input_size, hidden_size] times [batch, input_size]: the inner sizes hidden_size and batch differ. The batch is the first axis: write "x @ W".',
      ],
    ],
    [
      "an unused parameter and a wrong shape",
      {
        parameters: { W: ["input_size", "hidden_size"], V: [2], b: ["hidden_size"] },
        equations: ["h' = W @ x + b"],
      },
      [
        'shape-mismatch /cells/mine/equations/0+7: W @ x: [input_size, hidden_size] times [batch, input_size]: the inner sizes hidden_size and batch differ. The batch is the first axis: write "x @ W".',
        'unused-parameter /cells/mine/parameters/V (key): no equation reads the parameter "V". Remove it, or read it in an equation.',
      ],
    ],
  ])("%s", (_, cell, expected) => expect(problems({ ...validCell, ...cell })).toEqual(expected));

  test("random equations and sizes never throw", () => {
    const words = ["h", "h'", "W", "b", "x", "rate", "a", "hidden_size", "2", "0.5", "(", ")", ",", " ", "'", "1e999"];
    const operators = ["=", "-", "+", "@", "*", "/", ">", "==", "where(", "split(", "sum(", "concat(", "constructor("];
    const text = fc.oneof(
      fc.array(fc.constantFrom(...words, ...operators)).map((parts) => parts.join("")),
      fc.string({ unit: "binary-ascii" }),
    );
    const equation = fc.oneof(
      text,
      text.map((right) => `h' = ${right}`),
      text.map((right) => `a, c = split(${right}, 2)`),
    );
    fc.assert(
      fc.property(fc.array(equation), text, text, (equations, size, output) => {
        const parameters = { W: ["input_size", size], b: [size] };
        problems({ ...validCell, options: { rate: 0.5 }, parameters, equations, output });
      }),
      { numRuns: 1000 },
    );
  });
});
