/** The metrics, by their type in specs: those in code, and equations. */
import type { ForecastMetric } from "../../../schema/kinds/forecasts.js";
import type { NormalMetric } from "../../../schema/normal/index.js";
import { accuracy } from "./accuracy.js";
import { binaryAccuracy } from "./binary-accuracy.js";
import { builtInMetricOf, ownMetric } from "./equations.js";
import { exactSequence } from "./exact-sequence.js";
import { f1, precision, recall } from "./f1.js";
import { labelErrorRate } from "./label-error-rate.js";
import type { MetricDefinition } from "./metric.js";
import { bitsPerCharacter, perplexity } from "./perplexity.js";
import { topK } from "./top-k.js";

/** The metrics that equations alone do not define. */
const coded: { readonly [K in NormalMetric["type"]]?: MetricDefinition<Extract<NormalMetric, { type: K }>> } = {
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
};

/** The definition of a metric that a model computes. */
export function metricOf(metric: Exclude<NormalMetric, ForecastMetric>): MetricDefinition<NormalMetric> {
  if (metric.type === "custom") return ownMetric(metric);
  return (coded[metric.type] as MetricDefinition<NormalMetric> | undefined) ?? builtInMetricOf(metric.type);
}
