/**
 * Negative log-likelihood per frame on JSB chorales, several notes at once, with the temporal convolutional network of
 * S. Bai, J. Z. Kolter and V. Koltun, An Empirical Evaluation of Generic Convolutional and Recurrent Networks for
 * Sequence Modeling, 2018 (which has 8.10).
 *
 *     node bench/chorales.mjs jsb_chorales.json [--seed 1] [--epochs 100] [--width 150] [--dropout 0.5] [--batch 4]
 *
 * The file has the keys `train`, `valid` and `test`: by piece and frame, the indices of the notes that sound.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { train } from "./accuracy.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    epochs: { type: "string", default: "100" },
    width: { type: "string", default: "150" },
    dropout: { type: "string", default: "0.5" },
    batch: { type: "string", default: "4" },
  },
});
if (positionals[0] === undefined) throw new Error("Name the file of the chorales.");
const chorales = JSON.parse(readFileSync(positionals[0], "utf8"));
const splits = ["train", "valid", "test"].map((name) => chorales[name]);
const pieces = splits.flat();
const folder = mkdtempSync(join(tmpdir(), "rnnx-chorales-"));
const NOTES = 88;

const roll = (frame) => Array.from({ length: NOTES }, (_, note) => Number(frame.includes(note)));
const lines = pieces.map((frames) => {
  const rolls = frames.map(roll);
  return JSON.stringify({ inputs: rolls.slice(0, -1), tags: rolls.slice(1) });
});
writeFileSync(join(folder, "chorales.jsonl"), `${lines.join("\n")}\n`);

const [size, rate] = [Number(values.width), Number(values.dropout)];
const convolution = (dilation) => [
  { layer: "conv1d", size, kernel_size: 3, dilation, padding: "causal", activation: "relu" },
  { layer: "dropout", rate },
];
const residualBlock = (dilation) => ({ block: [...convolution(dilation), ...convolution(dilation)], residual: true });

const { metrics, seconds } = train(
  {
    name: "chorales",
    seed: Number(values.seed),
    data: {
      type: "sequences",
      file: "chorales.jsonl",
      split: {
        validation: splits[1].length / pieces.length,
        test: splits[2].length / pieces.length,
        order: "time",
      },
      buckets: 8,
    },
    model: [
      { layer: "dense", size },
      residualBlock(1),
      { layer: "activation", activation: "relu" },
      residualBlock(2),
      { layer: "activation", activation: "relu" },
      { layer: "dense", size: NOTES },
    ],
    loss: { type: "binary_cross_entropy", reduction: "mean_of_sums" },
    optimizer: {
      type: "adam",
      learning_rate: 0.001,
      clip: { global_norm: 0.4 },
      schedule: { type: "plateau", factor: 0.5, patience: 5 },
    },
    train: { epochs: Number(values.epochs), batch_size: Number(values.batch) },
  },
  folder,
);
console.log("| split | pieces | negative log-likelihood per frame |\n|---|---|---|");
for (const [index, split] of ["train", "validation", "test"].entries())
  console.log(`| ${split} | ${splits[index].length} | ${metrics[split].loss.toFixed(3)} |`);
console.log(`\n${Math.round(seconds)} seconds`);
