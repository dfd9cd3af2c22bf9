/** Every function and operator of equations: its value, and its gradient against finite differences in float64. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import { builtInFunctions } from "../../../compiler/language/functions/index.js";
import { erf } from "../../../compiler/ops/elementwise.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { stepGraph } from "../../support/cell-definition.js";
import { expectGradients, weightedSum } from "../../support/finite-differences.js";

type Rows = readonly (readonly number[])[];
const h: Rows = [
  [-1.5, 0.25, 2, 0],
  [0.5, -0.75, 1, 3],
];
const x: Rows = [
  [1, -2, 0.5],
  [0, 0.125, 4],
];
const b = [0.5, -1, 0, 2];
const U: Rows = [
  [1, 0, 0.5, 0],
  [0, 2, 0, -1],
  [0.25, 0, 1, 0],
  [0, 1, 0, 3],
];

const operands = [
  tensor("float32", [2, 3], x.flat()),
  tensor("float32", [2, 4], h.flat()),
  tensor("float32", [4, 4], U.flat()),
  tensor("float32", [4], b),
  tensor("float32", [2, 2, 2], [1, 2, -1, 0.5, 3, -2, 0.25, 1]),
];

/** A cell whose output is y, over x, h, U, b, the matrices P and the number rate. */
const graphOf = (equations: readonly string[]) =>
  stepGraph({
    options: { rate: 0.5 },
    state: { h: "hidden_size" },
    parameters: { U: [4, 4], b: [4], P: [2, 2, 2] },
    equations: [...equations, "h' = h"],
    output: "y",
  });

function value(equations: readonly string[]): Rows {
  const [output] = evaluate(graphOf(equations), operands);
  const width = output?.shape[1] ?? 0;
  return h.map((_, row) => [...(output?.data.slice(row * width, (row + 1) * width) ?? [])]);
}

const map = (f: (value: number, column: number, row: readonly number[]) => number): Rows =>
  h.map((row) => row.map((entry, column) => f(entry, column, row)));
const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
/** log Γ(a) by Lanczos' approximation with g = 7. */
const logGamma = (a: number) => {
  const coefficients = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ];
  const series = coefficients.reduce((sum, value, index) => sum + value / (a + index), 0.9999999999998099);
  const base = a + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (a - 0.5) * Math.log(base) - base + Math.log(series);
};
const total = (row: readonly number[]) => row.reduce((sum, entry) => sum + entry, 0);
const normalized = (row: readonly number[], entry: number, epsilon = 1e-5) => {
  const mean = total(row) / row.length;
  const variance = total(row.map((other) => (other - mean) ** 2)) / row.length;
  return (entry - mean) / Math.sqrt(variance + epsilon);
};
const valueAt = (row: readonly number[], column: number) => row[column] ?? Number.NaN;
const times = (row: readonly number[], matrix: Rows) =>
  matrix[0]?.map((_, column) => total(row.map((entry, inner) => entry * valueAt(matrix[inner] ?? [], column)))) ?? [];

describe("the value of each function and operator", () => {
  test.each<[string, Rows]>([
    ["tanh(h)", map(Math.tanh)],
    ["sigmoid(h)", map(sigmoid)],
    ["relu(h)", map((a) => Math.max(a, 0))],
    ["softplus(h)", map((a) => Math.log(1 + Math.exp(a)))],
    ["silu(h)", map((a) => a * sigmoid(a))],
    ["elu(h - 1)", map((a) => (a > 1 ? a - 1 : Math.exp(a - 1) - 1))],
    ["swiglu(h)", h.map(([a = 0, c = 0, e = 0, g = 0]) => [a * sigmoid(a) * e, c * sigmoid(c) * g])],
    ["h * silu(2) + erf(0)", map((a) => a * 2 * sigmoid(2))],
    ["exp(h)", map(Math.exp)],
    ["log(abs(h) + 1)", map((a) => Math.log(Math.abs(a) + 1))],
    ["sqrt(h * h)", map(Math.abs)],
    ["lgamma(h * h + 1)", map((a) => logGamma(a * a + 1))],
    ["lgamma(abs(h) * 10 + 3.5)", map((a) => logGamma(Math.abs(a) * 10 + 3.5))],
    ["h * lgamma(0.5)", map((a) => a * Math.log(Math.PI) * 0.5)],
    ["min(h, b)", map((a, column) => Math.min(a, valueAt(b, column)))],
    ["min(h, 1)", map((a) => Math.min(a, 1))],
    ["max(0.25, h)", map((a) => Math.max(a, 0.25))],
    ["where(h > b, h, 2 * b)", map((a, column) => (a > valueAt(b, column) ? a : 2 * valueAt(b, column)))],
    ["where(h < 0, 1, -1)", map((a) => (a < 0 ? 1 : -1))],
    ["where(h >= 0.25, h, 9)", map((a) => (a >= 0.25 ? a : 9))],
    ["where(h <= 0.25, h, 9)", map((a) => (a <= 0.25 ? a : 9))],
    ["where(h == 0.25, h, 9)", map((a) => (a === 0.25 ? a : 9))],
    ["where(0.25 != h, h, 9)", map((a) => (a !== 0.25 ? a : 9))],
    ["softmax(h)", map((a, _, row) => Math.exp(a) / total(row.map(Math.exp)))],
    ["layer_norm(h)", map((a, _, row) => normalized(row, a))],
    ["layer_norm(h, 1, 0.5)", map((a, _, row) => normalized(row, a, 0.5))],
    ["layer_norm(h, 2)", map((a, column, row) => normalized(column < 2 ? row.slice(0, 2) : row.slice(2), a))],
    ["concat(h, x, b)", h.map((row, index) => [...row, ...(x[index] ?? []), ...b])],
    ["sum(h)", h.map((row) => [total(row)])],
    ["mean(x)", x.map((row) => [total(row) / 3])],
    ["h - mean(h)", map((a, _, row) => a - total(row) / 4)],
    ["h @ U", h.map((row) => times(row, U))],
    ["h @ U @ U", h.map((row) => times(times(row, U), U))],
    ["h @ (U @ U)", h.map((row) => times(times(row, U), U))],
    ["h @ U * 2", h.map((row) => times(row, U).map((entry) => entry * 2))],
    ["sin(h) + cos(h)", map((a) => Math.sin(a) + Math.cos(a))],
    ["sign(h) + floor(h)", map((a) => Math.sign(a) + Math.floor(a))],
    ["erf(h)", map(erf)],
    ["pow(h * h + 1, b)", map((a, column) => (a * a + 1) ** valueAt(b, column))],
    ["h ^ 2 + h ^ 3 - h ^ 4", map((a) => a ** 2 + a ** 3 - a ** 4)],
    ["2 ^ h ^ 2 + 2 ^ 3", map((a) => 2 ** (a * a) + 8)],
    ["clip(h, -1, 1) + clip(5, 0, 2)", map((a) => Math.min(Math.max(a, -1), 1) + 2)],
    ["log_softmax(h)", map((a, _, row) => a - Math.log(total(row.map(Math.exp))))],
    ["amax(h)", h.map((row) => [Math.max(...row)])],
    [
      "merge_heads(amax(split_heads(h, 2), -2))",
      h.map(([a = 0, c = 0, e = 0, g = 0]) => [Math.max(a, e), Math.max(c, g)]),
    ],
    ["logsumexp(h)", h.map((row) => [Math.log(total(row.map(Math.exp)))])],
    ["l2_norm(h)", h.map((row) => [Math.hypot(...row)])],
    ["l2_norm(h * 0)", h.map(() => [0])],
    ["cumsum(h)", map((_, column, row) => total(row.slice(0, column + 1)))],
    ["cummax(h)", map((_, column, row) => Math.max(...row.slice(0, column + 1)))],
    ["merge_heads(cumsum(split_heads(h, 2), -2))", h.map(([a = 0, c = 0, e = 0, g = 0]) => [a, c, a + e, c + g])],
    ["merge_heads(split_heads(h, 2))", h],
    ["merge_heads(transpose(split_heads(h, 2)))", h.map(([a = 0, c = 0, e = 0, g = 0]) => [a, e, c, g])],
    ["merge_heads(sum(split_heads(h, 2), -2))", h.map(([a = 0, c = 0, e = 0, g = 0]) => [a + e, c + g])],
    ["merge_heads(outer(x, h))", h.map((row, index) => (x[index] ?? []).flatMap((a) => row.map((c) => a * c)))],
    ["einsum('i,ij->j', h, U)", h.map((row) => times(row, U))],
    ['einsum("ij,j->i", U, h)', h.map((row) => U.map((weights) => total(weights.map((w, i) => w * valueAt(row, i)))))],
    ["shift_in(h, b * 2)", h.map(() => b.map((a) => 2 * a))],
    ["shift_in(h, x)", h.map(([a = 0, ...rest], row) => [...[a, ...rest].slice(3), ...(x[row] ?? [])])],
    ["squeeze(sum(unsqueeze(h) * outer(h * 0 + 1, b * 0 + 0.25), -1))", h],
    ["squeeze(unsqueeze(h, -2), -2) + squeeze(sum(transpose(unsqueeze(h * 0, -2)), -1))", h],
    ["argmax(h)", h.map((row) => [row.indexOf(Math.max(...row))])],
    [
      "merge_heads(argmax(split_heads(h, 2), -2))",
      h.map(([a = 0, c = 0, e = 0, g = 0]) => [Number(e > a), Number(g > c)]),
    ],
    ["gather(h, argmax(h))", h.map((row) => [Math.max(...row)])],
    ["gather(b, argmax(h))", h.map((row) => [b[row.indexOf(Math.max(...row))] ?? 0])],
    ["one_hot(argmax(h), 4)", h.map((row) => row.map((entry) => Number(entry === Math.max(...row))))],
    ["merge_heads(one_hot(h, 3))", h.map((row) => row.flatMap((a) => [0, 1, 2].map((k) => (a === k ? 1 : 0))))],
    ["x @ outer(x, h)", h.map((row, index) => row.map((c) => c * total((x[index] ?? []).map((a) => a * a))))],
    [
      "merge_heads(split_heads(h, 2) @ P)",
      h.map(([a = 0, c = 0, e = 0, g = 0]) => [a - c, 2 * a + 0.5 * c, 3 * e + 0.25 * g, -2 * e + g]),
    ],
    [
      "merge_heads(transpose(split_heads(h, 2)) @ split_heads(h, 2))",
      h.map(([a = 0, c = 0, e = 0, g = 0]) => [a * a + e * e, a * c + e * g, a * c + e * g, c * c + g * g]),
    ],
    ["-h / (1 + b * b)", map((a, column) => -a / (1 + valueAt(b, column) ** 2))],
    ["1 - h - 2 * rate - tanh(0.5)", map((a) => 1 - a - 1 - Math.tanh(0.5))],
    ["h + max(relu(-1), min(2, sqrt(4))) * softplus(0)", map((a) => a + 2 * Math.log(2))],
  ])("%s", (expression, expected) => {
    const result = value([`y = ${expression}`]);
    expect(result.map((row) => row.length)).toEqual(expected.map((row) => row.length));
    for (const [row, entries] of expected.entries()) {
      for (const [column, entry] of entries.entries()) expect(result[row]?.[column]).toBeCloseTo(entry, 12);
    }
  });

  test("split gives equal parts in order, and numbers may have names", () => {
    expect(value(["p, q = split(h, 2)", "two = 4 * rate", "y = concat(q * two, p)"])).toEqual(
      h.map(([a = 0, b = 0, c = 0, d = 0]) => [2 * c, 2 * d, a, b]),
    );
  });
});

/** A call of each function with gradients in x, h, U, b and P, away from its kinks. */
const calls: Readonly<Record<string, string>> = {
  log: "log(h * h + 1)",
  lgamma: "lgamma(h * h + 0.25) + lgamma(b * b * 9 + 1)",
  sqrt: "sqrt(h * h + 1)",
  min: "min(h, b)",
  max: "max(h, b)",
  pow: "pow(h * h + 1, b) + (h + 5) ^ 2.5 + h ^ 3",
  clip: "clip(h, -1, 1)",
  where: "where(h > b, h * h, h ^ 3)",
  layer_norm: "layer_norm(h, 2) * layer_norm(h)",
  concat: "concat(h, b, x)",
  split: "p * q",
  amax: "amax(h) + merge_heads(amax(split_heads(h * 2, 2), -2))",
  logsumexp: "logsumexp(h) + merge_heads(logsumexp(split_heads(h * 2, 2), -2))",
  l2_norm: "l2_norm(h) * merge_heads(l2_norm(split_heads(h, 2)))",
  cumsum: "cumsum(h * b)",
  cummax: "cummax(h * b)",
  argmax: "argmax(h * b) * h",
  gather: "gather(h * h, argmax(h)) * gather(b, argmax(h)) * b",
  outer: "x @ outer(x, h * b)",
  einsum: "merge_heads(einsum('hd,hde,kj,hj->kd', split_heads(h * b, 2), P, split_heads(b, 2), split_heads(h, 2)))",
  transpose: "merge_heads(transpose(split_heads(h, 2)) @ split_heads(h * b, 2) @ P)",
  shift_in: "shift_in(h, x * 2) * shift_in(h, b)",
  unsqueeze: "merge_heads(unsqueeze(h) * unsqueeze(b, -2) + unsqueeze(h, -2))",
  squeeze: "squeeze(sum(outer(h, h * b), -2), -2)",
  split_heads: "merge_heads(split_heads(h, 2) @ P)",
  one_hot: "merge_heads(one_hot(h, 2)) * l2_norm(b)",
};

describe("the gradient of each function is its finite difference", () => {
  // Functions of time steps are those of layers: test/compiler/elaborate/layers/custom.test.ts.
  test.each(builtInFunctions.names.filter((name) => name !== "shift"))("%s", (name) => {
    const equations = [
      `y = ${calls[name] ?? (builtInFunctions.get(name)?.arity[0] === 1 ? `${name}(split_heads(h, 1))` : "")}`,
    ];
    const isMatrix = calls[name] === undefined && name !== "merge_heads";
    const graph = graphOf([
      "p, q = split(h, 2)",
      ...equations.map((equation) => (isMatrix ? `${equation.replace("y = ", "y = merge_heads(")})` : equation)),
    ]);
    // Away from 0 and from each other: the entries are no kinks.
    const random = randomStream(7, name);
    const shifted = operands.map((operand) => ({
      ...operand,
      data: operand.data.map((entry) => entry + 0.1 + 0.01 * random.normal()),
    }));
    expectGradients(weightedSum(graph, shifted, random), [0, 1, 2, 3, 4]);
  });
});

test.each([
  ["y = sum(h, -2)", "-2: the axes of [4] are counted from the last: -1"],
  ["y = transpose(h)", "h: [batch, 4] has no two axes of its own in each row"],
  ["y = split_heads(h, 3)", "split_heads(h, 3): [batch, 4] does not split into 3 heads: its last size is 4"],
  ["y = split_heads(h, h)", "h: the number of heads must be an integer of at least 1"],
  [
    "y = gather(split_heads(h, 2), h)",
    "gather(split_heads(h, 2), h): [batch, 2, 2] and [batch, 4] differ in an axis other than the last",
  ],
  ["y = one_hot(h, 0)", "0: the number of classes must be an integer of at least 1"],
  ["y = outer(2, h)", "2: a number has no axes"],
  ["y = h + split_heads(h, 1)", "h + split_heads(h, 1): [batch, 4] and [batch, 1, 4]: the sizes batch and 1 differ"],
  [
    "y = split_heads(h, 2) @ outer(h, h)",
    "split_heads(h, 2) @ outer(h, h): [batch, 2, 2] times [batch, 4, 4]: the inner sizes 2 and 4 differ",
  ],
  ["y = outer(h, h)", "the output y is [batch, 4, 4], not [batch, width]"],
  ["y = shift_in(x, h)", "[batch, 3] and [batch, 4]: the second has more entries than the first"],
  ["y = einsum('ij,j->i', h, U)", 'h: "ij" names 2 axes of [4]'],
  ["y = einsum('i,ij->j', x, U)", "U: the size of i is 4, but 3 before"],
  ["y = einsum('i,j->ij', h)", "einsum('i,j->ij', h): the formula has 2 operands, and the call 1"],
  ["y = einsum('i,i', h, b)", 'einsum(\'i,i\', h, b): the formula "i,i" lacks the axes of the result, after "->"'],
  ["y = einsum('ii->i', U)", 'einsum(\'ii->i\', U): the formula "ii->i" repeats a letter in "ii"'],
  ["y = one_hot(h, hidden_size - 4)", "hidden_size - 4: the number of classes must be an integer of at least 1"],
  ["y = einsum('i->k', h)", 'einsum(\'i->k\', h): the formula "i->k" has "k" in the result only'],
  [
    "y = einsum('...i->i', h)",
    "einsum('...i->i', h): the formula \"...i->i\" may have letters, commas and one arrow only",
  ],
  ["y = squeeze(h)", "h: [batch, 4] has the size 4 there, not 1"],
  ["y = unsqueeze(h, 0)", "0: the axes of [4, 1] are counted from the last: -1 or -2"],
  ["y = glu(x)", "glu(x): split(x, 2): [batch, 3] does not split into 2 equal parts: its last size is 3"],
])("%s is an error", (equation, message) => {
  expect(() => graphOf([equation])).toThrow(JSON.stringify(message).slice(1, -1));
});
