/** What a metric is: a sum and a count over one batch, so that any number of batches make one mean. */
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import type { LossOperands, LossValue } from "../losses/operands.js";

export interface MetricDefinition {
  /** How the mean over all batches is finished. */
  readonly finish: "identity" | "exp" | "sqrt";
  /** Sum and count over the batch, scalars; undefined where the metric has no meaning for these operands. */
  elaborate(
    operands: LossOperands,
    loss: LossValue,
    context: Context,
  ): { readonly total: Value; readonly count: Value } | undefined;
}
