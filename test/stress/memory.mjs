/** What trainings were estimated to take against what they took, for models of many shapes; `npm run build` first. Linux. */
import { join } from "node:path";
import { memoryOf, rnnx, temporaryFolder, watched, writeSpec } from "../support/training-processes.mjs";
import { report } from "./report.mjs";

const folder = temporaryFolder();
const text = "the quick brown fox jumps over the lazy dog and runs away. ".repeat(400);
/** cell, width, layers, window, batch. */
const shapes = [
  ["rnn", 16, 1, 8, 16],
  ["rnn", 128, 1, 50, 64],
  ["rnn", 512, 2, 50, 32],
  ["rnn", 1024, 1, 100, 32],
  ["lstm", 8, 1, 10, 8],
  ["lstm", 64, 1, 50, 128],
  ["lstm", 128, 2, 50, 50],
  ["lstm", 256, 1, 100, 32],
  ["lstm", 256, 3, 50, 50],
  ["lstm", 512, 1, 50, 50],
  ["lstm", 512, 2, 25, 100],
  ["lstm", 1024, 1, 20, 32],
  ["gru", 32, 1, 20, 32],
  ["gru", 128, 1, 100, 100],
  ["gru", 256, 2, 50, 64],
  ["gru", 512, 1, 100, 32],
  ["gru", 512, 2, 30, 50],
  ["gru", 768, 1, 40, 40],
  ["lstm", 384, 2, 60, 60],
  ["rnn", 2048, 1, 10, 16],
];
const plain = shapes.map(([cell, hidden_size, layers, window, batch_size]) => ({
  name: `${layers} ${cell} of ${hidden_size}, window ${window}, batch ${batch_size}`,
  data: { text, window },
  rnn: { cell, hidden_size, layers },
  train: { batch_size },
}));
const words = Array.from({ length: 60_000 }, (_, place) => `w${(7919 * place) % 20_011}`).join(" ");
const others = [
  { name: "both directions", rnn: { hidden_size: 256, bidirectional: "concat" } },
  { name: "dropout", rnn: { hidden_size: 512, layers: 2, dropout: { output: 0.5 } } },
  { name: "layer normalization", rnn: { cell: "layer_norm_lstm", hidden_size: 512 } },
  { name: "a parallel loop", data: { window: 200 }, rnn: { cell: "mingru", hidden_size: 512 } },
  { name: "1,000 steps", data: { window: 1000 }, rnn: { hidden_size: 128 }, train: { batch_size: 16 } },
  {
    name: "1,000 steps in little memory",
    data: { window: 1000 },
    rnn: { hidden_size: 128 },
    train: { batch_size: 16, memory: "low" },
  },
  { name: "a batch in portions", rnn: { hidden_size: 512 }, train: { batch_size: 256, accumulate: 4 } },
  { name: "sgd", rnn: { hidden_size: 1024 }, optimizer: { type: "sgd", learning_rate: 0.1 } },
  {
    name: "momentum",
    data: { window: 25 },
    rnn: { hidden_size: 1500 },
    optimizer: { type: "momentum", learning_rate: 0.1, momentum: 0.9 },
  },
  { name: "float16", rnn: { hidden_size: 512 }, train: { precision: "float16" } },
  { name: "20,011 words", data: { text: words, unit: "word", window: 20 }, rnn: { hidden_size: 128 } },
  {
    name: "20,011 words, sampled",
    data: { text: words, unit: "word", window: 20 },
    rnn: { hidden_size: 128 },
    loss: { type: "sampled_softmax", samples: 500 },
  },
];
const models = [...plain, ...others];
let [within, worst] = [0, 0];
for (const [index, { name, data, rnn, loss, optimizer, train }] of models.entries()) {
  const spec = writeSpec(folder, `m${index}`, {
    data: { type: "text", text, window: 50, ...data },
    model: [
      data?.unit === "word" ? { layer: "embedding", size: 128 } : { layer: "one_hot" },
      { layer: "rnn", cell: "lstm", ...rnn },
      { layer: "projection" },
    ],
    loss: loss ?? { type: "sequence_loss" },
    optimizer: optimizer ?? { type: "adam", learning_rate: 0.001 },
    train: { steps: 6, batch_size: 32, ...train },
  });
  const inspected = await watched([rnnx, "inspect", spec, "--json"]);
  const { memory } = JSON.parse(inspected.stdout.trim().split("\n").at(-1));
  let peak = 0;
  const { code, stderr } = await watched([rnnx, "train", spec, "--out", join(folder, `r${index}`)], (pid) => {
    peak = Math.max(peak, memoryOf(pid, "VmHWM") ?? 0);
  });
  if (code !== 0) throw new Error(stderr);
  const estimate = memory.total / 2 ** 20;
  const off = (estimate - peak) / peak;
  within += Math.abs(off) <= 0.2 ? 1 : 0;
  if (Math.abs(off) > Math.abs(worst)) worst = off;
  console.error(
    `${name}: ${Math.round(estimate)} MiB estimated, ${Math.round(peak)} taken, ${Math.round(100 * off)} %`,
  );
}
report("memory", { models: models.length, within, worst: Math.round(100 * worst) });
