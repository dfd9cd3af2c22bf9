/** Whether a cell is run by an operator of ONNX, and where not, why. */
import { at } from "../../../ir/present.js";
import type { Value } from "../../../ir/types.js";
import type { CellStates, Context } from "../../context.js";
import type { Run } from "./direction.js";
import { type OperatorResults, runOperator } from "./operator.js";
import { disproof } from "./proof.js";

export interface Operands {
  readonly initial: CellStates;
  readonly parameters: Readonly<Record<string, Value>>;
}

/**
 * The cell as an operator, with h after the last live step. Undefined where it is to be a loop; what becomes of it is told.
 *
 * @param x [time, batch, features].
 * @param live [time, batch, 1] bool, or null.
 */
export function operatedCell(
  run: Run,
  x: Value,
  live: Value | null,
  operands: Operands,
  context: Context,
): (OperatorResults & { readonly last: Value }) | undefined {
  const { recurrences } = context;
  const result = operated(run, x, live, operands, context);
  if (typeof result !== "string") {
    recurrences.tell({ name: run.statesAt, form: result.operator, reason: "" });
    return result;
  }
  const laidOut = (run.unroll || recurrences.unroll) && typeof x.type.shape[0] === "number";
  recurrences.tell({ name: run.statesAt, form: laidOut ? "unrolled" : "Scan", reason: result });
  return undefined;
}

function operated(
  { cell, path, sizes, parametersAt, reverse, use }: Run,
  x: Value,
  live: Value | null,
  { initial, parameters }: Operands,
  { b, recurrences, lengthsOf }: Context,
) {
  if (!recurrences.operators) return "loops were asked for";
  const { onnx: mapping } = cell;
  if (mapping === null) return `the cell ${use.cell} names no operator of ONNX`;
  const rates = typeof use.zoneout === "number" ? [use.zoneout] : Object.values(use.zoneout);
  if (rates.some((rate) => rate > 0)) return "its states are blended by zoneout";
  const lengths = live === null ? null : lengthsOf(live);
  const results = runOperator(b, mapping, { at: parametersAt, x, initial, parameters, lengths, reverse });
  if (typeof results === "string") return results;
  const reason = disproof(cell, sizes, path, mapping);
  if (reason !== undefined) return reason;
  const names = Object.keys(initial);
  const [hidden = at(names, 0)] = mapping.states;
  const last = at(results.final, names.indexOf(hidden));
  return { ...results, last, operator: mapping.operator };
}
