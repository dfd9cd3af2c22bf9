/** Functions of the equations of optimizers: values of whole tensors, and axes that have to be named. */
import { expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { expectDefined } from "../../../compiler/ir/expect.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import { builtInFunctions, updateFunctions } from "../../../compiler/language/functions/index.js";

const matrix = [
  [3, -1, 2],
  [0.5, 4, -2],
];

function value(name: string, rows: readonly (readonly number[])[], ...numbers: readonly number[]): readonly number[] {
  const shape = [rows.length, rows[0]?.length ?? 0];
  const b = graphBuilder(name);
  const a = b.input("a", { dtype: "float32", shape });
  const called = expectDefined(updateFunctions.get(name), name);
  const graph = b.finish([called.build(b, [a, ...numbers], [], [], 0)].flat());
  return [...(evaluate(graph, [tensor("float32", shape, rows.flat())])[0]?.data ?? [])];
}

test("norm, sum and mean of all entries", () => {
  expect(value("norm", matrix)).toEqual([Math.hypot(...matrix.flat())]);
  expect(value("sum_all", matrix)).toEqual([6.5]);
  expect(value("mean_all", matrix)[0]).toBeCloseTo(6.5 / 6, 14);
});

test("1 - beta^t loses no digits where beta^t is nearly 1", () => {
  const b = graphBuilder("power");
  const t = b.input("t", { dtype: "float32", shape: [] });
  const called = expectDefined(updateFunctions.get("one_minus_power"), "one_minus_power");
  const graph = b.finish([called.build(b, [1 - 1e-7, t], [], [], 0)].flat());
  const [result] = evaluate(graph, [tensor("float32", [], [3])]);
  // -expm1(t log1p(-x)), x = 1e-7.
  const expected = -Math.expm1(3 * Math.log1p(-1e-7));
  expect(Math.abs((result?.data[0] ?? 0) / expected - 1)).toBeLessThan(1e-9);
});

test("Newton-Schulz steps are their polynomial, of wide and of tall matrices", () => {
  const scaled = matrix.map((row) => row.map((entry) => entry / Math.hypot(...matrix.flat())));
  const columns = [0, 1, 2].map((column) => scaled.map((row) => row[column] ?? 0));
  const product = (a: readonly (readonly number[])[], c: readonly (readonly number[])[]) =>
    a.map((row) =>
      (c[0] ?? []).map((_, column) => row.reduce((sum, entry, inner) => sum + entry * (c[inner]?.[column] ?? 0), 0)),
    );
  const gram = product(scaled, columns);
  const [cubic, quintic] = [product(gram, scaled), product(product(gram, gram), scaled)];
  const expected = scaled.flatMap((row, i) =>
    row.map((entry, j) => 3.4445 * entry - 4.775 * (cubic[i]?.[j] ?? 0) + 2.0315 * (quintic[i]?.[j] ?? 0)),
  );
  for (const [index, entry] of value("newton_schulz", scaled, 1).entries())
    expect(entry).toBeCloseTo(expected[index] ?? 0, 12);
  const tall = value("newton_schulz", columns, 1);
  for (const [index, entry] of tall.entries())
    expect(entry).toBeCloseTo(expected[(index % 2) * 3 + Math.floor(index / 2)] ?? 0, 12);
  // Five steps bring the singular values near 1: rows of a wide matrix are nearly orthonormal.
  const five = value("newton_schulz", scaled, 5);
  const norms = [0, 1].map((row) => Math.hypot(...five.slice(3 * row, 3 * row + 3)));
  for (const norm of norms) expect(Math.abs(norm - 1)).toBeLessThan(0.35);
});

test("functions along an axis name it, and cells have none of these functions", () => {
  for (const name of ["sum", "mean", "logsumexp", "l2_norm", "cumsum", "cummax"]) {
    expect([name, updateFunctions.get(name)?.arity]).toEqual([name, [2, 2]]);
    expect([name, builtInFunctions.get(name)?.arity]).toEqual([name, [1, 2]]);
  }
  for (const name of ["norm", "sum_all", "mean_all", "one_minus_power", "newton_schulz", "and"])
    expect([name, builtInFunctions.get(name)]).toEqual([name, undefined]);
});
