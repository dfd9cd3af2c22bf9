/** The choice between an ONNX operator and a loop for one direction of a cell. */
import { at } from "../../../../ir/expect.js";
import type { Value } from "../../../../ir/types.js";
import type { ResolvedDefinition } from "../../../../language/resolve.js";
import type { CellSizes } from "../../../../language/size-expression.js";
import type { CellStates, Context } from "../../../context.js";
import type { WrappedCell } from "../dropout-zoneout.js";
import { buildOperator, type OperatorResults } from "./build.js";
import { findDifference } from "./equivalence.js";

/** One cell in one direction. */
export interface DirectedCell extends WrappedCell {
  readonly cell: ResolvedDefinition;
  /** JSON pointer to the cell's definition in the spec. */
  readonly path: string;
  readonly sizes: CellSizes;
  readonly reverse: boolean;
  /** Unrolls the loop where the number of time steps is known. */
  readonly unroll: boolean;
}

export interface CellOperands {
  readonly initial: CellStates;
  readonly parameters: Readonly<Record<string, Value>>;
}

/**
 * The cell as an ONNX operator, with h after the last valid step; undefined where it must be a loop. The choice and its
 * reason are passed to `onCell`.
 *
 * @param x [time, batch, features].
 * @param mask [time, batch, 1] bool, or null.
 */
export function asOnnxOperator(
  run: DirectedCell,
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
  { cell, path, sizes, parameterPrefix, reverse, use }: DirectedCell,
  x: Value,
  mask: Value | null,
  { initial, parameters }: CellOperands,
  { b, recurrences, lengthsOf }: Context,
) {
  if (!recurrences.operators) return "loops were requested";
  const { onnx: mapping } = cell;
  if (Object.keys(cell.inputs).length > 0) return "it reads more inputs than x";
  if (mapping === null) return `the cell ${use.cell} has no mapping to an ONNX operator`;
  const rates = typeof use.zoneout === "number" ? [use.zoneout] : Object.values(use.zoneout);
  if (rates.some((rate) => rate > 0)) return "it has zoneout";
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
