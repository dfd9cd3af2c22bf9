/** One training step in TensorFlow.js, its JavaScript backend: embedding, LSTM layers, softmax projection, cross-entropy, Adam. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { flagsOf } from "../../scripts/flags.mjs";
import { sizeFlags } from "../workloads.mjs";

const { layers, hidden, batch, time, vocabulary, steps, folder } = flagsOf(import.meta.filename, {
  ...sizeFlags,
  threads: 1,
  folder: process.cwd(),
});

const tf = createRequire(join(folder, "package.json"))("@tensorflow/tfjs");
tf.enableProdMode();
await tf.setBackend("cpu");
const model = tf.sequential({
  layers: [
    tf.layers.embedding({ inputDim: vocabulary, outputDim: hidden, inputLength: time }),
    ...Array.from({ length: layers }, () =>
      tf.layers.lstm({ units: hidden, returnSequences: true, recurrentActivation: "sigmoid" }),
    ),
    tf.layers.dense({ units: vocabulary, activation: "softmax" }),
  ],
});
model.compile({ loss: "sparseCategoricalCrossentropy", optimizer: tf.train.adam(0.001) });
const ids = () => tf.randomUniform([batch, time], 0, vocabulary, "int32");
const [inputs, targets] = [ids(), ids().toFloat().expandDims(2)];

const taken = [];
for (let index = 0; index < steps + 1; index++) {
  const start = performance.now();
  await model.trainOnBatch(inputs, targets);
  if (index > 0) taken.push(performance.now() - start);
}
taken.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    framework: `tfjs ${tf.version.tfjs}`,
    ...{ layers, hidden, batch, time, vocabulary, steps },
    median_ms: Number(taken[Math.floor(taken.length / 2)].toFixed(4)),
    peak_mib: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
