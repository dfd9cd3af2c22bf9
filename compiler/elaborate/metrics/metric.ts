/** What a metric is: tallies over one batch, which add up over any number of batches, and what is made of them in the end. */
import type { TargetKind } from "../../../schema/kinds/losses.js";
import type { NormalLoss } from "../../../schema/normal/index.js";
import type { MetricFinalizer } from "../../artifact.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import type { LossOperands } from "../losses/loss.js";

/** What a metric compares: what the loss does, and what its answers are. */
export interface MetricOperands extends LossOperands {
  readonly targetKind: TargetKind;
  readonly loss: NormalLoss;
}

/** What to do where a metric asks for answers of another kind than the loss gives. */
export const alternativeHint: Readonly<Record<TargetKind, string>> = {
  classes: 'Use "accuracy".',
  labels: 'Use "exact_sequence".',
  numbers: 'Use "rmse" or "mae".',
  probabilities: 'Use "binary_accuracy" or "f1".',
};

export interface MetricDefinition<M> {
  readonly finalizer: MetricFinalizer;
  /** Tallies over the batch, as its `finish` reads them; undefined when something was wrong, which has been reported. */
  elaborate(metric: M, operands: MetricOperands, context: Context): Value | undefined;
}

/** The tallies of a mean: [sum, count]. */
export function meanAccumulators(
  b: Builder,
  { total, count }: { readonly total: Value; readonly count: Value },
): Value {
  return b.concat([b.unsqueeze(total, [0]), b.unsqueeze(count, [0])], 0);
}
