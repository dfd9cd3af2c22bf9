/** The metrics, by their type in specs. */
import type { NormalMetric } from "../../../schema/normal/index.js";
import { accuracy } from "./accuracy.js";
import { binaryAccuracy } from "./binary-accuracy.js";
import { exactSequence } from "./exact-sequence.js";
import { f1, precision, recall } from "./f1.js";
import { labelErrorRate } from "./label-error-rate.js";
import { mae } from "./mae.js";
import type { MetricDefinition } from "./metric.js";
import { bitsPerCharacter, perplexity } from "./perplexity.js";
import { rmse } from "./rmse.js";
import { topK } from "./top-k.js";

const metrics: { readonly [K in NormalMetric["type"]]: MetricDefinition<Extract<NormalMetric, { type: K }>> } = {
  accuracy,
  top_k: topK,
  binary_accuracy: binaryAccuracy,
  f1,
  precision,
  recall,
  exact_sequence: exactSequence,
  label_error_rate: labelErrorRate,
  perplexity,
  bits_per_character: bitsPerCharacter,
  rmse,
  mae,
};

export function metricOf(metric: NormalMetric): MetricDefinition<NormalMetric> {
  return metrics[metric.type] as MetricDefinition<NormalMetric>;
}
