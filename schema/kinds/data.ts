/** Facts of the kinds of data, layers, losses and metrics. Written by generate-types.mjs from spec.schema.json (`x-…`). */
export const dataFacts = {
  text: {},
  table: {},
  sequences: {},
  pairs: { metrics: ["exact_sequence"] },
  images: {},
  arrays: {},
} as const;

export const layerFacts = {
  one_hot: { streaming: true, timeAxis: "kept", vocabulary: "size" },
  cycle: { streaming: true, timeAxis: "kept", vocabulary: "period" },
  embedding: { streaming: true, timeAxis: "kept", vocabulary: "vocabulary_size" },
  rnn: { streaming: true, timeAxis: "kept" },
  dense: { streaming: true, timeAxis: "kept" },
  projection: { streaming: true, timeAxis: "kept" },
  activation: { streaming: true, timeAxis: "kept" },
  layer_norm: { streaming: true, timeAxis: "kept" },
  rms_norm: { streaming: true, timeAxis: "kept" },
  group_norm: { streaming: false, timeAxis: "kept" },
  batch_norm: { streaming: true, timeAxis: "kept" },
  dropout: { streaming: true, timeAxis: "kept" },
  conv1d: { streaming: true, timeAxis: "windows" },
  pool: { streaming: false, timeAxis: "windows" },
  concat: { streaming: true, timeAxis: "common" },
  add: { streaming: true, timeAxis: "common" },
  multiply: { streaming: true, timeAxis: "common" },
  position: { streaming: true, timeAxis: "kept", countsSteps: true },
  attention: { streaming: true, timeAxis: "kept", countsSteps: true },
  custom: { streaming: true, timeAxis: "kept" },
} as const;

export const lossFacts = {
  sequence_loss: { targets: "classes", metrics: ["accuracy", "perplexity"] },
  cross_entropy: { targets: "classes", metrics: ["accuracy"] },
  sampled_softmax: { targets: "classes", metrics: ["accuracy", "perplexity"] },
  binary_cross_entropy: { targets: "probabilities", metrics: ["binary_accuracy"] },
  squared_error: { targets: "numbers", metrics: ["rmse"] },
  absolute_error: { targets: "numbers", metrics: ["mae"] },
  huber: { targets: "numbers", metrics: ["mae"] },
  custom: {},
  ctc: { targets: "labels", metrics: ["exact_sequence", "label_error_rate"] },
} as const;

export const metricFacts = {
  accuracy: { direction: "max" },
  top_k: { direction: "max", name: "top_<k>_accuracy" },
  binary_accuracy: { direction: "max" },
  f1: { direction: "max" },
  precision: { direction: "max" },
  recall: { direction: "max" },
  exact_sequence: { direction: "max" },
  label_error_rate: { direction: "min" },
  perplexity: { direction: "min" },
  bits_per_character: { direction: "min" },
  rmse: { direction: "min" },
  mae: { direction: "min" },
} as const;
