/**
 * exact_sequence: the share of sequences that are right at every live step. With ctc: whose most likely outputs spell the
 * labels once repetitions and then blanks are taken out.
 */
import type { NormalMetric } from "../../../schema/normal.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { classOperands } from "./classes.js";
import { fitting, type MetricDefinition, type MetricOperands, meanTallies } from "./metric.js";
import { spelling } from "./spelling.js";

type ExactSequence = Extract<NormalMetric, { type: "exact_sequence" }>;

export const exactSequence: MetricDefinition<ExactSequence> = {
  name: () => "exact_sequence",
  finish: "mean",
  elaborate(metric, operands, context) {
    const { b } = context;
    const wrong =
      operands.answers === "labels" ? spelling(operands, context).edits : mistakes(metric, operands, context);
    if (wrong === undefined) return undefined;
    const right = b.cast(b.less(wrong, 0.5), "float32");
    return meanTallies(b, { total: b.sum(right), count: b.cast(b.size(right), "float32") });
  },
};

/** Live steps of each sequence whose class is wrong, [batch]. */
function mistakes(metric: ExactSequence, operands: MetricOperands, context: Context): Value | undefined {
  const { b, problem } = context;
  if (!operands.wire.sequence)
    return problem({
      part: metric,
      key: "type",
      code: "metric-targets",
      message: "exact_sequence compares sequences, but the model puts out one value for each.",
      hint: fitting[operands.answers],
    });
  const read = classOperands(metric, operands, context);
  if (read === undefined) return undefined;
  const wrong = b.cast(b.not(b.equal(b.argmax(read.scores, -1), read.wanted)), "float32");
  return b.sum(operands.live === null ? wrong : b.mul(wrong, operands.live), [0]);
}
