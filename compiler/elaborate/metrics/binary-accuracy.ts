/**
 * binary_accuracy: the fraction of valid entries where prediction and target agree, both thresholded at 1/2. In code,
 * because it reads logits or probabilities, by the loss.
 */
import { lossName } from "../../../schema/kinds/losses.js";
import type { NormalMetric } from "../../../schema/normal/index.js";
import { maskedSum } from "../masked-sum.js";
import { alternativeHint, type MetricDefinition, meanAccumulators } from "./metric.js";
import { comparedTargets } from "./regression.js";

export const binaryAccuracy: MetricDefinition<Extract<NormalMetric, { type: "binary_accuracy" }>> = {
  finalizer: "mean",
  elaborate(metric, operands, context) {
    const { b, problem } = context;
    if (operands.targetKind !== "probabilities")
      return problem({
        part: metric,
        key: "type",
        code: "metric-targets",
        message: `binary_accuracy needs binary targets, which ${lossName(operands.loss)} does not have.`,
        hint: alternativeHint(operands),
      });
    const targets = comparedTargets(metric, operands, context);
    if (targets === undefined) return undefined;
    const predicted = b.cast(b.greater((operands.wire.logits ?? operands.wire).value, 0), "float32");
    const actual = b.cast(b.greater(targets, 0.5), "float32");
    return meanAccumulators(b, maskedSum(b, b.cast(b.equal(predicted, actual), "float32"), operands.mask));
  },
};
