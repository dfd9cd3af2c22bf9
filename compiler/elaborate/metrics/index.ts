/** The metrics, by the name under which they are reported. */
import { accuracy } from "./accuracy.js";
import { binaryAccuracy } from "./binary-accuracy.js";
import { mae } from "./mae.js";
import type { MetricDefinition } from "./metric.js";
import { perplexity } from "./perplexity.js";
import { rmse } from "./rmse.js";

export type MetricName = "accuracy" | "binary_accuracy" | "perplexity" | "rmse" | "mae";

export const metrics: { readonly [K in MetricName]: MetricDefinition } = {
  accuracy,
  binary_accuracy: binaryAccuracy,
  perplexity,
  rmse,
  mae,
};
