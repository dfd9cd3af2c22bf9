/** What trainings were estimated to take against what they took, for models of many shapes; `npm run build` first. Linux. */
import { join } from "node:path";
import { report } from "./report.mjs";
import { memoryOf, rnnx, temporaryFolder, watched, writeSpec } from "./training.mjs";

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
let [within, worst] = [0, 0];
for (const [index, [cell, hidden_size, layers, window, batch_size]] of shapes.entries()) {
  const spec = writeSpec(folder, `m${index}`, {
    data: { type: "text", text, window },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell, hidden_size, layers }, { layer: "projection" }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam", learning_rate: 0.001 },
    train: { steps: 6, batch_size },
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
  const name = `${layers} ${cell} of ${hidden_size}, window ${window}, batch ${batch_size}`;
  console.error(
    `${name}: ${Math.round(estimate)} MiB estimated, ${Math.round(peak)} taken, ${Math.round(100 * off)} %`,
  );
}
report("memory", { models: shapes.length, within, worst: Math.round(100 * worst) });
