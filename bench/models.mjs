/** Models of the benchmark that have lengths, two inputs or convolutions: spec and signature by their sizes. */

/** Classes of each token or sequence. */
const CLASSES = 20;
const ids = (time = "time") => ({ dtype: "int32", shape: ["batch", time] });
const perRow = (dtype) => ({ dtype, shape: ["batch"] });
const sequences = { type: "sequences", file: "bench.jsonl" };

/** By name: data, layers, loss and signature. `frameworks/` has the same models. */
export const models = {
  tagger: ({ layers, hidden, batch, time, vocabulary }) => ({
    data: sequences,
    model: [
      { layer: "embedding", vocabulary_size: vocabulary, size: hidden },
      { layer: "rnn", cell: "lstm", hidden_size: hidden, layers, bidirectional: "concat" },
      { layer: "projection", size: CLASSES },
    ],
    loss: { type: "sequence_loss" },
    signature: {
      ...{ inputs: ids(), targets: ids(), lengths: perRow("int64"), steps: time },
      ...{ sizes: { vocabulary, classes: CLASSES }, expected: { batch, time } },
    },
  }),
  translator: ({ layers, hidden, batch, time, vocabulary }) => ({
    data: { type: "pairs", file: "bench.tsv" },
    model: [
      { layer: "embedding", name: "source", vocabulary_size: vocabulary, size: hidden },
      { layer: "rnn", name: "encoder", cell: "gru", hidden_size: hidden, layers },
      { layer: "embedding", name: "target", from: "decoder_inputs", vocabulary_size: vocabulary, size: hidden },
      { layer: "rnn", name: "decoder", cell: "gru", hidden_size: hidden, layers, initial_state: "encoder" },
      { layer: "attention", from: ["decoder", "encoder"] },
      { layer: "concat", from: ["decoder", "attention"] },
      { layer: "projection", size: vocabulary },
    ],
    loss: { type: "sequence_loss" },
    signature: {
      ...{ inputs: ids(), side_inputs: { decoder_inputs: ids("target_time") }, targets: ids("target_time") },
      ...{ lengths: perRow("int64"), target_lengths: perRow("int64"), steps: time },
      sizes: { vocabulary, target_vocabulary: vocabulary, classes: vocabulary },
      expected: { batch, time, target_time: time },
    },
  }),
  convolution: ({ hidden, batch, time, vocabulary }) => ({
    data: sequences,
    model: [
      { layer: "embedding", vocabulary_size: vocabulary, size: hidden },
      { layer: "conv1d", size: hidden, kernel_size: 3, stride: 2, activation: "relu" },
      { layer: "conv1d", size: hidden, kernel_size: 3, dilation: 2, activation: "gelu" },
      { layer: "pool", mode: "max" },
      { layer: "dense", size: CLASSES },
    ],
    loss: { type: "cross_entropy" },
    signature: {
      ...{ inputs: ids(), targets: perRow("int32"), steps: time },
      ...{ sizes: { vocabulary, classes: CLASSES }, expected: { batch, time } },
    },
  }),
};

/** Values of a data port: ids below the number of classes or symbols, and lengths from half of the time to all of it. */
export function valueAt({ name, dtype }, index, { time, vocabulary }, model) {
  if (dtype === "int64") return BigInt(time - ((index * 7) % Math.ceil(time / 2)));
  const symbols = name === "targets" && (model === "tagger" || model === "convolution") ? CLASSES : vocabulary;
  return (index * 7919) % symbols;
}
