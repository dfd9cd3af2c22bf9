/** The definition of a metric: accumulators over one batch, which add up over batches, and a finalizer of their sum. */
import { hasPointForecast, isProbabilistic } from "../../../schema/kinds/forecasts.js";
import { outputKindOf, type TargetKind } from "../../../schema/kinds/losses.js";
import type { NormalLoss } from "../../../schema/normal/index.js";
import type { MetricFinalizer } from "../../artifact.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import type { LossOperands } from "../losses/loss.js";

/** The operands of a metric: those of the loss, and its kind of targets. */
export interface MetricOperands extends LossOperands {
  readonly targetKind: TargetKind;
  readonly loss: NormalLoss;
}

const alternatives: Readonly<Record<TargetKind, string>> = {
  classes: 'Use "accuracy".',
  labels: 'Use "exact_sequence".',
  numbers: 'Use "rmse" or "mae".',
  counts: 'Write your own metric: an entry of metrics with "equations" that read all outputs as y.',
  probabilities: 'Use "binary_accuracy" or "f1".',
};

/** The hint for a metric that cannot compare these operands: metrics that can. */
export function alternativeHint({ targetKind, loss }: Pick<MetricOperands, "targetKind" | "loss">): string {
  if (isProbabilistic(loss))
    return hasPointForecast(loss) ? alternatives.numbers : 'Use "rmse" or "mae", with 0.5 in "levels" of the loss.';
  return alternatives[outputKindOf(loss) === "features" ? "counts" : targetKind];
}

export interface MetricDefinition<M> {
  readonly finalizer: MetricFinalizer;
  /** Accumulators over the batch, which the finalizer reads; undefined after a reported problem. */
  elaborate(metric: M, operands: MetricOperands, context: Context): Value | undefined;
}

/** The accumulators of a mean: [sum, count]. */
export function meanAccumulators(
  b: Builder,
  { total, count }: { readonly total: Value; readonly count: Value },
): Value {
  return b.concat([b.unsqueeze(total, [0]), b.unsqueeze(count, [0])], 0);
}
