/** Whether a cell is run by an operator of ONNX, and where not, why. */
import { at } from "../../../../ir/expect.js";
import type { Value } from "../../../../ir/types.js";
import type { CellStates, Context } from "../../../context.js";
import type { CellRun } from "../direction.js";
import { buildOperator, type OperatorResults } from "./build.js";
import { findDifference } from "./equivalence.js";

export interface CellOperands {
  readonly initial: CellStates;
  readonly parameters: Readonly<Record<string, Value>>;
}

/**
 * The cell as an operator, with h after the last live step. Undefined where it is to be a loop; what becomes of it is told.
 *
 * @param x [time, batch, features].
 * @param mask [time, batch, 1] bool, or null.
 */
export function asOnnxOperator(
  run: CellRun,
  x: Value,
  mask: Value | null,
  operands: CellOperands,
  context: Context,
): (OperatorResults & { readonly last: Value }) | undefined {
  const { recurrences } = context;
  const result = tryOperator(run, x, mask, operands, context);
  if (typeof result !== "string") {
    recurrences.onCell({ name: run.statePrefix, form: result.operator, reason: "" });
    return result;
  }
  const isUnrolled = (run.unroll || recurrences.unroll) && typeof x.type.shape[0] === "number";
  recurrences.onCell({ name: run.statePrefix, form: isUnrolled ? "unrolled" : "Scan", reason: result });
  return undefined;
}

function tryOperator(
  { cell, path, sizes, parameterPrefix, reverse, use }: CellRun,
  x: Value,
  mask: Value | null,
  { initial, parameters }: CellOperands,
  { b, recurrences, lengthsOf }: Context,
) {
  if (!recurrences.operators) return "loops were asked for";
  const { onnx: mapping } = cell;
  if (mapping === null) return `the cell ${use.cell} names no operator of ONNX`;
  const rates = typeof use.zoneout === "number" ? [use.zoneout] : Object.values(use.zoneout);
  if (rates.some((rate) => rate > 0)) return "its states are blended by zoneout";
  const lengths = mask === null ? null : lengthsOf(mask);
  const results = buildOperator(b, mapping, { prefix: parameterPrefix, x, initial, parameters, lengths, reverse });
  if (typeof results === "string") return results;
  const reason = findDifference(cell, sizes, path, mapping);
  if (reason !== undefined) return reason;
  const names = Object.keys(initial);
  const [hidden = at(names, 0)] = mapping.states;
  const last = at(results.final, names.indexOf(hidden));
  return { ...results, last, operator: mapping.operator };
}
