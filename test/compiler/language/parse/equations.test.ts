import { describe, expect, test } from "vitest";
import { builtInFunctions } from "../../../../compiler/language/functions/index.js";
import { parseEquations } from "../../../../compiler/language/parse/equations.js";
import { definition, type PartialCell, resolveCell } from "../../../support/cell-definition.js";
import { lines } from "../../../support/problem-lines.js";

const base: PartialCell = {
  options: { leak: 0.1, kind: "a" },
  state: { h: "hidden_size" },
  parameters: { W: ["input_size", "hidden_size"], b: ["hidden_size"] },
};

const scope = { inputs: { x: true }, sizes: { hidden_size: 4, input_size: 3 } };

function problems(equations: readonly string[], overrides: PartialCell = {}): readonly string[] {
  const cell = resolveCell(definition({ ...base, equations, ...overrides }), {});
  return lines((report) => parseEquations(cell, scope, "/cells/mine", report));
}

test("equations become assignments with positions of names", () => {
  const equations = ["p, q = split(x @ W, 2)", "  h' = leak * p + q + h"];
  const cell = resolveCell(definition({ ...base, equations }), {});
  const { assignments } = parseEquations(cell, scope, "/cells/mine", () => {});
  expect(assignments?.map(({ path, targets }) => ({ path, targets }))).toEqual([
    {
      path: "/cells/mine/equations/0",
      targets: [
        { name: "p", offset: 0 },
        { name: "q", offset: 3 },
      ],
    },
    { path: "/cells/mine/equations/1", targets: [{ name: "h'", offset: 2 }] },
  ]);
});

describe("names", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    [
      "a misspelt name",
      ["gate = x @ W", "h' = gat + h"],
      ['unknown-name /cells/mine/equations/1+5: unknown name "gat". Did you mean "gate"?'],
    ],
    [
      "a name that is like no other",
      ["h' = x @ W + momentum"],
      ['unknown-name /cells/mine/equations/0+13: unknown name "momentum". Names: x, h, W, b, leak.'],
    ],
    [
      "a misspelt name is reported once",
      ["a = hidden + hidden", "h' = hidden + a"],
      ['unknown-name /cells/mine/equations/0+4: unknown name "hidden". Did you mean "hidden_size"?'],
    ],
    [
      "read before it is set",
      ["a = n + 1", "n = x @ W", "h' = a"],
      ['read-before-set /cells/mine/equations/0+4: "n" is read before it is set. Equation 2 sets it.'],
    ],
    [
      "read by the equation that sets it",
      ["h' = x @ W + h'"],
      [`read-before-set /cells/mine/equations/0+13: "h'" is read before it is set. Equation 1 sets it.`],
    ],
    [
      "an option that is not a number",
      ["h' = kind * h"],
      [
        'unknown-name /cells/mine/equations/0+5: unknown name "kind". The option of that name is not a number; only a variant can depend on it.',
      ],
    ],
    [
      "a misspelt size",
      ["h' = h / hiden_size"],
      ['unknown-name /cells/mine/equations/0+9: unknown name "hiden_size". Did you mean "hidden_size"?'],
    ],
    [
      "a size that is set",
      ["hidden_size = 3", "h' = h"],
      ['name-taken /cells/mine/equations/0+0: "hidden_size" is a size. Use another name.'],
    ],
    [
      "a function without arguments",
      ["h' = tanh + h"],
      ['unknown-name /cells/mine/equations/0+5: unknown name "tanh". It is a function: write "tanh(…)".'],
    ],
    [
      "set twice",
      ["n = x", "n = x", "h' = n"],
      ['name-taken /cells/mine/equations/1+0: "n" is set twice. Use another name.'],
    ],
    [
      "a next state set twice",
      ["h' = h", "h' = h"],
      [`name-taken /cells/mine/equations/1+0: "h'" is set twice. Use another name.`],
    ],
    [
      "a state without its prime",
      ["h = x @ W", "h' = h"],
      [`name-taken /cells/mine/equations/0+0: "h" is a state. The next value of "h" is "h'".`],
    ],
    [
      "names that stand for something else",
      ["W = x", "x = h", "leak = h", "max = h", "h' = h"],
      [
        'name-taken /cells/mine/equations/0+0: "W" is a parameter. Use another name.',
        `name-taken /cells/mine/equations/1+0: "x" is the cell's input. Use another name.`,
        'name-taken /cells/mine/equations/2+0: "leak" is an option. Use another name.',
        'name-taken /cells/mine/equations/3+0: "max" is a function. Use another name.',
      ],
    ],
    [
      "a prime on what is not a state",
      ["hh' = h", "h' = h"],
      [
        `unknown-name /cells/mine/equations/0+0: "hh'" is the next value of "hh", which is not a state. Did you mean "h'"? Or add "hh" to "state".`,
      ],
    ],
    [
      "a state without a next value",
      ["n = h"],
      [
        `state-not-set /cells/mine/equations: no equation sets h', the next value of the state h. Add one: "h' = …".`,
        `unknown-name /cells/mine/output: the output "h'" is not a name that an equation sets. Names: n.`,
      ],
    ],
  ])("%s", (_, equations, expected) => expect(problems(equations)).toEqual(expected));

  test("an output with a state's name", () => {
    expect(problems(["h' = h"], { output: "h" })).toEqual([
      `unknown-name /cells/mine/output: the output "h" is not a name that an equation sets. Did you mean "h'"?`,
    ]);
  });

  test("names of Object.prototype are ordinary names", () => {
    expect(problems(["constructor = toString", "__proto__ = constructor", "h' = __proto__ + h"])).toEqual([
      'unknown-name /cells/mine/equations/0+14: unknown name "toString". Names: x, h, W, b, leak.',
    ]);
    expect(problems(["h' = valueOf(h)"])[0]).toContain('unknown function "valueOf"');
  });
});

describe("calls", () => {
  test.each<[string, string, string]>([
    [
      "a misspelt function",
      "h' = sigmiod(h)",
      'unknown-function /cells/mine/equations/0+5: unknown function "sigmiod". Did you mean "sigmoid"?',
    ],
    [
      "a function that is like no other",
      "h' = convolve(h)",
      `unknown-function /cells/mine/equations/0+5: unknown function "convolve". Functions: ${builtInFunctions.names.filter((name) => name !== "shift").join(", ")}.`,
    ],
    [
      "more arguments than an axis",
      "h' = sum(h, -1, 2)",
      "argument-count /cells/mine/equations/0+5: sum takes 1 or 2 arguments, not 3. Write sum(a, axis).",
    ],
    [
      "too many arguments",
      "h' = tanh(h, h)",
      "argument-count /cells/mine/equations/0+5: tanh takes 1 argument, not 2. Write tanh(a).",
    ],
    [
      "too few arguments",
      "h' = 1 + where(h > 0)",
      "argument-count /cells/mine/equations/0+9: where takes 3 arguments, not 1. Write where(condition, a, b).",
    ],
    [
      "one thing to join",
      "h' = concat(h)",
      "argument-count /cells/mine/equations/0+5: concat takes 2 or more arguments, not 1. Write concat(a, b, …).",
    ],
    [
      "a split inside an expression",
      "h' = h + split(h, 2)",
      'split /cells/mine/equations/0+9: split must be the whole right side of an equation. Name its results in a separate equation: "a, b = split(e, 2)".',
    ],
    [
      "more parts than names",
      "h' = split(h, 2)",
      "split /cells/mine/equations/0+0: split has 2 results, and the equation sets 1 name",
    ],
    [
      "more names than parts",
      "h', a, q = split(h, 2)",
      "split /cells/mine/equations/0+0: split has 2 results, and the equation sets 3 names",
    ],
    [
      "parts that are not counted",
      "h', a = split(h, leak)",
      'argument /cells/mine/equations/0+17: the second argument of split must be an integer of at least 2. Write the number of equal parts: "a, b = split(e, 2)".',
    ],
    [
      "parts to normalize that are not counted",
      "h' = layer_norm(h, leak)",
      'argument /cells/mine/equations/0+19: the second argument of layer_norm must be an integer of at least 1. Write the number of equal parts: "layer_norm(e, 4)".',
    ],
    [
      "several names for one value",
      "h', a = tanh(h)",
      'split /cells/mine/equations/0+4: only split has several results. Write "… = split(e, 2)".',
    ],
  ])("%s", (_, equation, expected) => expect(problems([equation])).toEqual([expected]));
});

describe("syntax", () => {
  test.each<[string, readonly string[]]>([
    ["a == h", ['equation-syntax /cells/mine/equations/0+0: an equation sets a name. To set a name, write one "=".']],
    [
      "a += h",
      [
        'equation-syntax /cells/mine/equations/0+2: the left side of "=" must be a name, or names separated by commas. A name is set once: write the whole sum under a new one.',
      ],
    ],
    ["tanh(h)", ['equation-syntax /cells/mine/equations/0+0: an equation sets a name. Write "name = expression".']],
    [
      "= h",
      ['equation-syntax /cells/mine/equations/0+0: the left side of "=" must be a name, or names separated by commas'],
    ],
    [
      "a, = h",
      ['equation-syntax /cells/mine/equations/0+3: the left side of "=" must be a name, or names separated by commas'],
    ],
    [
      "a b = h",
      ['equation-syntax /cells/mine/equations/0+2: the left side of "=" must be a name, or names separated by commas'],
    ],
    [
      "2 = h",
      ['equation-syntax /cells/mine/equations/0+0: the left side of "=" must be a name, or names separated by commas'],
    ],
    ["a = h = x", ['equation-syntax /cells/mine/equations/0+6: an equation has one "=". To compare, write "==".']],
    ["a = h $ x", ['equation-syntax /cells/mine/equations/0+6: "$" is not allowed in an equation']],
  ])("%s", (equation, expected) => expect(problems([equation, "h' = h"])).toEqual(expected));

  test("an equation with a syntax error still sets its names, and all equations are checked", () => {
    expect(problems(["a = h +", "b2 = h * * h", "h' = a + b2 + c"])).toEqual([
      "equation-syntax /cells/mine/equations/0+7: a value is missing at the end",
      'equation-syntax /cells/mine/equations/1+9: a value is missing before "*"',
      'unknown-name /cells/mine/equations/2+14: unknown name "c". Names: x, h, W, b, leak, a, b2.',
    ]);
  });
});
