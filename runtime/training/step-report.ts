/** The events of updates, and the recent values that explain a divergence. */
import type { TrainEvent } from "../events.js";
import { shortestDecimal } from "../tensors/rows.js";
import { lossScaleFields, skipNotice } from "./loss-scale.js";
import type { StepsResult, UpdateMetrics } from "./trainer.js";

/** Gradient norms that are kept for the message of a divergence. */
const GRADIENT_NORM_HISTORY = 50;

export interface StepReporter {
  /** The events of a call whose first update is step `first`: up to the first update that is not finite. */
  report(first: number, result: StepsResult): readonly TrainEvent[];
  /** The loss of the last update. */
  loss(): number | null;
  /** Norms of the last updates' gradients, latest last. */
  gradientNorms(): readonly number[];
}

export function createStepReporter(initialLoss: number | null): StepReporter {
  let loss = initialLoss;
  let gradientNorms: readonly number[] = [];
  let hasReportedSkip = false;
  return {
    report(first, result) {
      const { losses, nonFinite, lossScales } = result;
      const count = nonFinite !== null && "update" in nonFinite ? nonFinite.update : losses.length;
      const notice = hasReportedSkip ? undefined : skipNotice(first, lossScales);
      hasReportedSkip ||= notice !== undefined;
      if (nonFinite === null) {
        loss = losses.at(-1) ?? loss;
        gradientNorms = [...gradientNorms, ...result.gradientNorms].slice(-GRADIENT_NORM_HISTORY);
      }
      return [...stepEvents(first, count, result), ...(notice === undefined ? [] : [notice])];
    },
    loss: () => loss,
    gradientNorms: () => gradientNorms,
  };
}

function stepEvents(
  first: number,
  count: number,
  { losses, gradientNorms, learningRates, lossScales }: UpdateMetrics,
): readonly TrainEvent[] {
  return Array.from(losses.subarray(0, count), (loss, index) => ({
    event: "step",
    step: first + index,
    loss,
    gradient_norm: gradientNorms[index] ?? 0,
    learning_rate: shortestDecimal(learningRates[index] ?? 0),
    ...lossScaleFields(lossScales, index),
  }));
}
