/**
 * perplexity: the exponential of the mean cross-entropy of valid entries; bits_per_character: that mean in bits. Both
 * apply the weights of the data, but no label smoothing, class weights or penalties. In code, because it reads the
 * logits of its loss without smoothing and class weights.
 */
import type { NormalMetric } from "../../../schema/normal/index.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { crossEntropyOf, crossEntropyOfRows, logitsFor } from "../losses/class-targets.js";
import { broadcastTrailing, maskedSum } from "../masked-sum.js";
import { classOperands } from "./class-operands.js";
import { type MetricDefinition, type MetricOperands, meanAccumulators } from "./metric.js";

function meanCrossEntropy(metric: NormalMetric, operands: MetricOperands, unit: number, context: Context) {
  const { b } = context;
  const { weights, mask } = operands;
  const logits = logitsFor(metric, "softmax", operands, context);
  const comparison = logits && classOperands(metric, operands, context);
  if (logits === undefined || comparison === undefined) return undefined;
  const logProbabilities = b.logSoftmax(logits);
  const crossEntropy =
    operands.targets.type.dtype === "float32"
      ? crossEntropyOfRows(b, logProbabilities, operands.targets)
      : crossEntropyOf(b, logProbabilities, comparison.targetIds);
  const losses = b.mul(crossEntropy, 1 / unit);
  const applyWeights = (entries: Value) =>
    weights === null ? entries : b.mul(entries, broadcastTrailing(b, weights, entries));
  const { total } = maskedSum(b, applyWeights(losses), mask);
  const ones = b.expand(b.scalar(1), losses.type.shape);
  return meanAccumulators(b, { total, count: maskedSum(b, applyWeights(ones), mask).total });
}

export const perplexity: MetricDefinition<Extract<NormalMetric, { type: "perplexity" }>> = {
  finalizer: "exp_mean",
  elaborate: (metric, operands, context) => meanCrossEntropy(metric, operands, 1, context),
};

export const bitsPerCharacter: MetricDefinition<Extract<NormalMetric, { type: "bits_per_character" }>> = {
  finalizer: "mean",
  elaborate: (metric, operands, context) => meanCrossEntropy(metric, operands, Math.LN2, context),
};
