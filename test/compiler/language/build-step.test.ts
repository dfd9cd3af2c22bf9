import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { printGraph } from "../../../compiler/ir/print/text.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import { buildCellStep } from "../../../compiler/language/build-step.js";
import { resolveCell } from "../../../compiler/language/resolve-cell.js";
import { declaredShapes } from "../../../compiler/language/size-expression.js";
import { builtIn, definition, type PartialCell } from "../../support/cell-definition.js";

const sizes = { hidden_size: 4, input_size: 3 };
const fail = (problem: unknown) => {
  throw new Error(JSON.stringify(problem));
};

/** The graph of one step: inputs x, states and parameters; outputs the output and the next states. */
function stepGraph(partialCell: PartialCell) {
  const cell = resolveCell(definition(partialCell), {});
  const declared = declaredShapes(cell, sizes, "", fail);
  const builder = graphBuilder("step");
  const input = (name: string, shape: readonly (number | string)[]) => builder.input(name, { dtype: "float32", shape });
  const x = input("x", ["batch", 3]);
  const states = Object.fromEntries(
    Object.entries(declared?.states ?? {}).map(([name, size]) => [name, input(name, ["batch", size])]),
  );
  const parameters = Object.fromEntries(
    Object.entries(declared?.parameters ?? {}).map(([name, shape]) => [name, input(name, shape)]),
  );
  const step = buildCellStep(cell, sizes, builder, { x, states, parameters }, fail, "");
  if (step === undefined) throw new Error("the cell was not lowered");
  return builder.finish([step.output, ...Object.values(step.states)]);
}

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

/** The value of an expression over x, h, U and b, as a cell's output. */
function value(equations: readonly string[]): Rows {
  const graph = stepGraph({
    options: { rate: 0.5 },
    state: { h: "hidden_size" },
    parameters: { U: [4, 4], b: [4] },
    equations: [...equations, "h' = h"],
    output: "y",
  });
  const inputs = [
    tensor("float32", [2, 3], x.flat()),
    tensor("float32", [2, 4], h.flat()),
    tensor("float32", [4, 4], U.flat()),
    tensor("float32", [4], b),
  ];
  const [output] = evaluate(graph, inputs);
  const width = output?.shape[1] ?? 0;
  return h.map((_, row) => [...(output?.data.slice(row * width, (row + 1) * width) ?? [])]);
}

const map = (f: (value: number, column: number, row: readonly number[]) => number): Rows =>
  h.map((row) => row.map((entry, column) => f(entry, column, row)));
const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
const total = (row: readonly number[]) => row.reduce((sum, entry) => sum + entry, 0);
const normalized = (row: readonly number[], entry: number) => {
  const mean = total(row) / row.length;
  const variance = total(row.map((other) => (other - mean) ** 2)) / row.length;
  return (entry - mean) / Math.sqrt(variance + 1e-5);
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
    ["layer_norm(h, 2)", map((a, column, row) => normalized(column < 2 ? row.slice(0, 2) : row.slice(2), a))],
    ["concat(h, x, b)", h.map((row, index) => [...row, ...(x[index] ?? []), ...b])],
    ["sum(h)", h.map((row) => [total(row)])],
    ["mean(x)", x.map((row) => [total(row) / 3])],
    ["h - mean(h)", map((a, _, row) => a - total(row) / 4)],
    ["h @ U", h.map((row) => times(row, U))],
    ["h @ U @ U", h.map((row) => times(times(row, U), U))],
    ["h @ (U @ U)", h.map((row) => times(times(row, U), U))],
    ["h @ U * 2", h.map((row) => times(row, U).map((entry) => entry * 2))],
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

describe("the nodes of a step", () => {
  test("values have their names in the equations", () => {
    expect(printGraph(stepGraph(builtIn("lstm")))).toMatchInlineSnapshot(`
      "graph step
        input x: f32[batch, 3]
        input h: f32[batch, 4]
        input c: f32[batch, 4]
        input W: f32[3, 16]
        input U: f32[4, 16]
        input b: f32[16]
        matmul: f32[batch, 16] = MatMul(x, W)
        add: f32[batch, 16] = Add(matmul, b)
        matmul.1: f32[batch, 16] = MatMul(h, U)
        add.1: f32[batch, 16] = Add(add, matmul.1)
        i: f32[batch, 4], f: f32[batch, 4], g: f32[batch, 4], o: f32[batch, 4] = Split(add.1, axis=1, sizes=[4, 4, 4, 4])
        sigmoid: f32[batch, 4] = Sigmoid(f)
        mul: f32[batch, 4] = Mul(sigmoid, c)
        sigmoid.1: f32[batch, 4] = Sigmoid(i)
        tanh: f32[batch, 4] = Tanh(g)
        mul.1: f32[batch, 4] = Mul(sigmoid.1, tanh)
        c': f32[batch, 4] = Add(mul, mul.1)
        sigmoid.2: f32[batch, 4] = Sigmoid(o)
        tanh.1: f32[batch, 4] = Tanh(c')
        h': f32[batch, 4] = Mul(sigmoid.2, tanh.1)
        output h'
        output h'
        output c'
      "
    `);
  });

  test("an output that names a next state is the same value", () => {
    const { outputs } = stepGraph(builtIn("gru"));
    expect(outputs[0]).toBe(outputs[1]);
  });

  test("the deepest possible expression", () => {
    const nested = `${"tanh(".repeat(300)}h${")".repeat(300)}`;
    const long = `h${" + h".repeat(450)}`;
    const written = { state: { h: 4 }, equations: [`a = ${nested}`, `h' = ${long} + a`] };
    expect(stepGraph(written).nodes.length).toBe(751);
  });

  test("constants are folded, and values that do not depend on the batch are not expanded", () => {
    const { nodes } = stepGraph({
      options: { rate: 0.5 },
      state: { h: 4 },
      parameters: { leak: [4] },
      equations: ["y = sigmoid(leak)", "scale = 2 * 3 - rate", "h' = y * h + scale * (1 - y)"],
    });
    expect(nodes.map(({ op, outputs: [value] }) => `${op} [${value?.type.shape}]`)).toEqual([
      "Sigmoid [4]",
      "Mul [batch,4]",
      "Constant []",
      "Sub [4]",
      "Constant []",
      "Mul [4]",
      "Add [batch,4]",
    ]);
  });
});
