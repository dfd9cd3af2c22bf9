/**
 * Seconds of a whole training from a text file to a file of weights, as two commands: `rnnx train` (data, compilation,
 * training, evaluation, checkpoint, exported model) and a plain PyTorch script of the same model, batches and number of
 * steps. Rounds alternate; each side counts with its best number of threads.
 *
 *     node bench/whole-training.mjs --python /path/to/venv/bin/python [--text FILE] [--steps 200] [--layers 2] [--hidden 128] [--rounds 3]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { flagsOf } from "../scripts/flags.mjs";
import { here, median, threadCounts } from "./spawn.mjs";

const values = flagsOf(import.meta.filename, {
  layers: 2,
  hidden: 128,
  batch: 50,
  time: 50,
  steps: 200,
  threads: 2,
  rounds: 3,
  python: "python3",
  text: here("../specs/data/shakespeare.txt"),
});
const { python, rounds, threads, text: file, words: _, ...sizes } = values;
const text = resolve(file);
const folder = mkdtempSync(join(tmpdir(), "rnnx-whole-"));
const spec = join(folder, "whole.json");
writeFileSync(
  spec,
  JSON.stringify({
    name: "whole",
    data: {
      ...{ type: "text", file: text, window: sizes.time, evaluation_stride: sizes.time },
      split: { train: 0.9, validation: 0.1 },
    },
    model: [
      { layer: "embedding", size: sizes.hidden },
      { layer: "rnn", cell: "lstm", hidden_size: sizes.hidden, layers: sizes.layers },
      { layer: "projection", size: "vocabulary" },
    ],
    loss: { type: "cross_entropy" },
    optimizer: { type: "adam", learning_rate: 0.001 },
    train: { steps: sizes.steps, batch_size: sizes.batch, evaluate_every: sizes.steps },
  }),
);

const command = {
  rnnx: (count) => [
    process.execPath,
    [here("../bin/rnnx.js"), "train", spec, "--out", join(folder, "run"), "--overwrite", "--threads", `${count}`],
  ],
  torch: (count) => [
    python,
    [
      ...[here("frameworks/torch_train.py"), text, join(folder, "weights.pt"), "--threads", `${count}`],
      ...Object.entries(sizes).flatMap(([name, value]) => [`--${name}`, `${value}`]),
    ],
  ],
};
/** Seconds of each round, by side and number of threads. */
const taken = new Map();
for (let round = 0; round < rounds; round++)
  for (const name of Object.keys(command))
    for (const count of threadCounts({ name }, { ...sizes, vocabulary: 100 }, threads)) {
      const start = performance.now();
      const { status, stderr } = spawnSync(...command[name](count), { encoding: "utf8", cwd: folder });
      if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr.slice(-1000)}`);
      const key = `${name} on ${count}`;
      taken.set(key, [...(taken.get(key) ?? []), (performance.now() - start) / 1000]);
    }
rmSync(folder, { recursive: true });
const best = Object.keys(command).map((name) =>
  Math.min(...[...taken].filter(([key]) => key.startsWith(name)).map(([, seconds]) => median(seconds))),
);
for (const [key, seconds] of taken) console.log(`${key}: ${median(seconds).toFixed(2)} s`);
console.log(`PyTorch takes ${(best[1] / best[0]).toFixed(2)} times as long as rnnx`);
