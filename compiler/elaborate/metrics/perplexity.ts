/**
 * perplexity: e to the mean cross-entropy of live entries; bits_per_character: that mean in bits. Both are of the targets as
 * they are, weighted by the data's weights, without smoothing, weights of classes, or penalties.
 */
import type { NormalMetric } from "../../../schema/normal.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { overLive, perEntry } from "../entries.js";
import { crossEntropyOf, logitsFor } from "../losses/classes.js";
import { classOperands } from "./classes.js";
import { type MetricDefinition, type MetricOperands, meanTallies } from "./metric.js";

function meanCrossEntropy(metric: NormalMetric, operands: MetricOperands, unit: number, context: Context) {
  const { b } = context;
  const { weights, live } = operands;
  const logits = logitsFor(metric, "softmax", operands, context);
  const read = logits && classOperands(metric, operands, context);
  if (logits === undefined || read === undefined) return undefined;
  const each = b.mul(crossEntropyOf(b, b.logSoftmax(logits), read.wanted), 1 / unit);
  const weighted = (entries: Value) => (weights === null ? entries : b.mul(entries, perEntry(b, weights, entries)));
  const { total } = overLive(b, weighted(each), live);
  const ones = b.expand(b.scalar(1), each.type.shape);
  return meanTallies(b, { total, count: overLive(b, weighted(ones), live).total });
}

export const perplexity: MetricDefinition<Extract<NormalMetric, { type: "perplexity" }>> = {
  name: () => "perplexity",
  finish: "exp_mean",
  elaborate: (metric, operands, context) => meanCrossEntropy(metric, operands, 1, context),
};

export const bitsPerCharacter: MetricDefinition<Extract<NormalMetric, { type: "bits_per_character" }>> = {
  name: () => "bits_per_character",
  finish: "mean",
  elaborate: (metric, operands, context) => meanCrossEntropy(metric, operands, Math.LN2, context),
};
