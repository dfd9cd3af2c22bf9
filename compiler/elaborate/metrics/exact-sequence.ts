/**
 * exact_sequence: the share of sequences that are right at every live step. With ctc: whose most likely outputs spell the
 * labels once repetitions and then blanks are taken out.
 */
import type { NormalMetric } from "../../../schema/normal/index.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { classOperands } from "./class-operands.js";
import { editDistance } from "./ctc-edit-distance.js";
import { alternativeHint, type MetricDefinition, type MetricOperands, meanAccumulators } from "./metric.js";

type ExactSequence = Extract<NormalMetric, { type: "exact_sequence" }>;

export const exactSequence: MetricDefinition<ExactSequence> = {
  finalizer: "mean",
  elaborate(metric, operands, context) {
    const { b } = context;
    const errorCount =
      operands.targetKind === "labels" ? editDistance(operands, context).edits : wrongSteps(metric, operands, context);
    if (errorCount === undefined) return undefined;
    const isCorrect = b.cast(b.less(errorCount, 0.5), "float32");
    return meanAccumulators(b, { total: b.sum(isCorrect), count: b.cast(b.size(isCorrect), "float32") });
  },
};

/** Live steps of each sequence whose class is wrong, [batch]. */
function wrongSteps(metric: ExactSequence, operands: MetricOperands, context: Context): Value | undefined {
  const { b, problem } = context;
  if (!operands.wire.sequence)
    return problem({
      part: metric,
      key: "type",
      code: "metric-targets",
      message: "exact_sequence compares sequences, but the model puts out one value for each.",
      hint: alternativeHint[operands.targetKind],
    });
  const comparison = classOperands(metric, operands, context);
  if (comparison === undefined) return undefined;
  const isWrong = b.cast(b.not(b.equal(b.argmax(comparison.scores, -1), comparison.targetIds)), "float32");
  return b.sum(operands.mask === null ? isWrong : b.mul(isWrong, operands.mask), [0]);
}
