/** einsum against its definition, the sum over all values of all letters: operands with and without a batch. */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { at } from "../../../compiler/ir/expect.js";
import { reader, tabulate } from "../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../compiler/ir/types.js";
import { type ExpressionType, shapeRules } from "../../../compiler/language/expression-type.js";
import { einsumFunction } from "../../../compiler/language/functions/einsum.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { expectGradients, weightedSum } from "../../support/finite-differences.js";

/** A size of its own for each letter; "z" is the batch. */
const sizes: Readonly<Record<string, number>> = { z: 2, h: 3, i: 2, j: 3, k: 4, l: 2 };
const sizeOf = (letter: string) => at([sizes[letter] ?? 1], 0);

/** Σ over the letters that the result lacks, of the product of the operands. */
function reference(names: readonly string[], result: string, operands: readonly Tensor[]): readonly number[] {
  const letters = [...new Set([...result, ...names.join("")])];
  const sums: number[] = [];
  const walk = (values: Readonly<Record<string, number>>, [letter, ...rest]: readonly string[]): number => {
    if (letter !== undefined)
      return Array.from({ length: sizeOf(letter) }, (_, value) => walk({ ...values, [letter]: value }, rest)).reduce(
        (sum, term) => sum + term,
        0,
      );
    return operands.reduce((product, operand, index) => {
      const position = [...(names[index] ?? "")].map((name) => values[name] ?? 0);
      return product * reader(operand)(position);
    }, 1);
  };
  const fill = (values: Readonly<Record<string, number>>, [letter, ...rest]: readonly string[]) => {
    if (letter === undefined) {
      sums.push(walk(values, letters.slice(result.length)));
      return;
    }
    for (let value = 0; value < sizeOf(letter); value++) fill({ ...values, [letter]: value }, rest);
  };
  fill({}, [...result]);
  return sums;
}

describe.each([
  ...["i,i->i", "i,i->", "i,j->ji", "ij,j->i", "ij,i->j", "ij,jk->ik", "ij,kj->ik", "ij,ik->kj", "hi,hij->hj"],
  ...["hij,hi->jh", "hij,hkj->hik", "hij,khj->ikh", "hij,hi->j", "ijk,ij->k", "ijk,kji->i", "ijk,jl->kil"],
  ...["ij,jk,kl->il", "i,ij,j->", "ij,k->i", "ij,ik->ij", "ijk->ki", "ijk->", "hi,hj,hk->ijk", "i,j,k->kji"],
])("%s", (formula) => {
  const [left = "", result = ""] = formula.split("->");
  const names = left.split(",");
  const choices = Array.from({ length: 2 ** names.length }, (_, bits) => names.map((_, index) => (bits >> index) % 2));
  test.each(choices.map((choice) => [choice.map((isOfRow) => (isOfRow === 1 ? "rows" : "weights")).join(", ")]))(
    "%s",
    (kinds) => {
      const isOfRow = kinds.split(", ").map((kind) => kind === "rows");
      const b = graphBuilder("einsum");
      const types = names.map((letters, index): ExpressionType => {
        const row = [...letters].map(sizeOf);
        return { kind: "tensor", shape: isOfRow[index] ? [2, ...row] : row, isBatched: isOfRow[index] === true };
      });
      const inputs = types.map((type, index) =>
        b.input(`x${index}`, { dtype: "float32", shape: type.kind === "number" ? [] : type.shape }),
      );
      const rules = shapeRules([2]);
      const inferred = einsumFunction.infer(types, rules, formula);
      if (inferred?.kind !== "tensor") throw new Error(JSON.stringify(inferred));
      const value = einsumFunction.build(b, inputs, inferred.shape, types, 1, undefined, formula);
      const graph = b.finish([value].flat());
      expect(graph.outputs[0]?.type.shape).toEqual(inferred.shape);

      const random = randomStream(5, `${formula} ${kinds}`);
      const operands = inputs.map(({ type }) => tabulate("float32", type.shape.map(Number), () => random.normal()));
      const [computed] = evaluate(graph, operands);
      const withBatch = names.map((letters, index) => (isOfRow[index] ? `z${letters}` : letters));
      const expected = reference(withBatch, isOfRow.includes(true) ? `z${result}` : result, operands);
      expect(computed?.data.length).toBe(expected.length);
      for (const [index, entry] of expected.entries()) expect(computed?.data[index]).toBeCloseTo(entry, 10);
      if (names.length > 1 && isOfRow.every((isOne) => isOne === isOfRow[0])) {
        const indices = inputs.map((_, index) => index);
        expectGradients(weightedSum(graph, operands, random), indices);
      }
    },
  );
});

test("a vector times a weight is one product of matrices, as x @ W", () => {
  const b = graphBuilder("einsum");
  const x = b.input("x", { dtype: "float32", shape: ["batch", 3] });
  const W = b.input("W", { dtype: "float32", shape: [3, 4] });
  const types: ExpressionType[] = [
    { kind: "tensor", shape: x.type.shape, isBatched: true },
    { kind: "tensor", shape: W.type.shape, isBatched: false },
  ];
  einsumFunction.build(b, [x, W], ["batch", 4], types, 1, undefined, "i,ij->j");
  expect(b.nodes.map(({ op }) => op)).toEqual(["MatMul"]);
});
