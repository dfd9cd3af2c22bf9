/** Every primitive on float16: the inferred types of float32, and its gradient up to rounding. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { graphBuilder, ruleOf } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { verify } from "../../../compiler/graph/verify.js";
import { isFloat } from "../../../compiler/ir/float16.js";
import type { FloatType, Graph, OpName } from "../../../compiler/ir/types.js";
import type { CaseOf } from "./case.js";
import { cases, drawOperands, ops } from "./cases.js";
import { sizes } from "./sample.js";

/** Excluded: loops, whose bodies are covered, and scatters and operators of exported models, which accept float32 only. */
const excludedOps: readonly OpName[] = [
  "Scan",
  "ScatterElements",
  "Gelu",
  "RMSNormalization",
  "Attention",
  "RNN",
  "GRU",
  "LSTM",
];

/** The sum of the squared results, from operands of a dtype. */
function lossOf<K extends OpName>(op: K, { operands, attributes }: CaseOf<K>, type: FloatType): Graph {
  const b = graphBuilder(op);
  const inputs = operands.map(({ type: operandType }, index) => b.input(`operand.${index}`, operandType));
  const typed = inputs.map((input) => (isFloat(input.type.dtype) ? b.cast(input, type) : input));
  const results = b.apply(op, typed, attributes).map((result) => b.cast(result, "float32"));
  return b.finish([results.map((result) => b.sum(b.mul(result, result))).reduce((x, y) => b.add(x, y))]);
}

describe.each(ops.filter((op) => !excludedOps.includes(op)))("%s", (op) => {
  for (const example of cases[op] as readonly CaseOf<typeof op>[]) {
    test(example.title, () => {
      const operands = drawOperands(op, example);
      const floats = operands.flatMap(({ dtype }, position) => (isFloat(dtype) ? [position] : []));
      const [half = [], full = []] = (["float16", "float32"] as const).map((type) =>
        evaluate(verify(differentiate(lossOf(op, example, type), 0, floats), op), operands, sizes),
      );
      const mismatches = full.flatMap(({ data }, index) => {
        const scale = data.reduce((largest, entry) => Math.max(largest, Math.abs(entry)), 1);
        return Array.from(data).filter((entry, offset) => {
          return !(Math.abs(entry - (half[index]?.data[offset] ?? Number.NaN)) <= scale / 200);
        });
      });
      expect(mismatches).toEqual([]);
      expect(ruleOf(op).vjp).not.toBe("inference");
    });
  }
});
