/**
 * exact_sequence: the fraction of sequences that are correct at every valid step; with ctc, whose greedy decoding is
 * correct. In code, because it compares the steps of a sequence with one another.
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

/** The number of valid steps with a wrong class per sequence, [batch]. */
function wrongSteps(metric: ExactSequence, operands: MetricOperands, context: Context): Value | undefined {
  const { b, problem } = context;
  if (!operands.wire.sequence)
    return problem({
      part: metric,
      key: "type",
      code: "metric-targets",
      message: "exact_sequence needs a sequence of outputs, but the model has one output per sequence.",
      hint: alternativeHint(operands),
    });
  const comparison = classOperands(metric, operands, context);
  if (comparison === undefined) return undefined;
  const isWrong = b.cast(b.not(b.equal(b.argmax(comparison.scores, -1), comparison.targetIds)), "float32");
  return b.sum(operands.mask === null ? isWrong : b.mul(isWrong, operands.mask), [0]);
}
