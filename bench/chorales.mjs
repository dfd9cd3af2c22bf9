/**
 * Negative log-likelihood per frame on JSB chorales, several notes at once: binary cross-entropy summed over the 88
 * notes, its mean over all predicted frames, of the best epoch on the validation split. The network is the temporal
 * convolutional one of S. Bai, J. Z. Kolter and V. Koltun, An Empirical Evaluation of Generic Convolutional and Recurrent
 * Networks for Sequence Modeling, 2018 (which has 8.10, and 8.45 for an LSTM).
 *
 *     node bench/chorales.mjs jsb_chorales.json [--seed 1] [--epochs 17] [--width 300] [--dropout 0.5] [--batch 8]
 *         [--rate 0.002] [--transpose 3] [--copies 9] [--norm weight] [--average 0.999] [--threads 1]
 *
 * The training split has `--copies` copies of each piece, and with `--transpose N` the piece moved by 1 … N semitones, up
 * and down: more copies than one, because nearly all pieces of every split are in C. `--norm none` leaves weight norm
 * out, and `--average` is the decay of an average of the weights. The file has the keys `train`, `valid` and `test`: by
 * piece and frame, the indices of the notes that sound.
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
    epochs: { type: "string", default: "17" },
    width: { type: "string", default: "300" },
    dropout: { type: "string", default: "0.5" },
    batch: { type: "string", default: "8" },
    rate: { type: "string", default: "0.002" },
    transpose: { type: "string", default: "3" },
    copies: { type: "string", default: "9" },
    norm: { type: "string", default: "weight" },
    average: { type: "string", default: "0.999" },
    threads: { type: "string", default: "1" },
  },
});
const [file] = positionals;
if (file === undefined) throw new Error("Name the file of the chorales.");
const NOTES = 88;
const [seed, epochs, size, rate, batch_size, learning_rate, semitones, copies, decay] = [
  values.seed,
  values.epochs,
  values.width,
  values.dropout,
  values.batch,
  values.rate,
  values.transpose,
  values.copies,
  values.average,
].map(Number);

const chorales = JSON.parse(readFileSync(file, "utf8"));
const moved = (piece, interval) => piece.map((frame) => frame.map((note) => note + interval));
const isPlayable = (piece) => piece.flat().every((note) => note >= 0 && note < NOTES);
const intervals = Array.from({ length: 2 * semitones + 1 }, (_, index) => index - semitones).flatMap((interval) =>
  Array.from({ length: interval === 0 ? copies : 1 }, () => interval),
);
const transposed = (piece) => intervals.map((interval) => moved(piece, interval)).filter(isPlayable);
const splits = { train: chorales.train.flatMap(transposed), validation: chorales.valid, test: chorales.test };
const pieces = Object.values(splits).flat();

const roll = (frame) => Array.from({ length: NOTES }, (_, note) => Number(frame.includes(note)));
const lines = pieces.map((frames) => {
  const rolls = frames.map(roll);
  return JSON.stringify({ inputs: rolls.slice(0, -1), tags: rolls.slice(1) });
});
const folder = mkdtempSync(join(tmpdir(), "rnnx-chorales-"));
writeFileSync(join(folder, "chorales.jsonl"), `${lines.join("\n")}\n`);

const convolution = (dilation) => [
  {
    layer: "conv1d",
    size,
    kernel_size: 3,
    dilation,
    padding: "causal",
    activation: "relu",
    weight_norm: values.norm === "weight",
  },
  { layer: "dropout", rate },
];
const residualBlock = (dilation) => [
  { block: [...convolution(dilation), ...convolution(dilation)], residual: true },
  { layer: "activation", activation: "relu" },
];

const updates = epochs * Math.ceil(splits.train.length / batch_size);
const warmup_steps = Math.min(200, Math.floor(updates / 2));

const { metrics, seconds } = train(
  {
    name: "chorales",
    seed,
    data: {
      type: "sequences",
      file: "chorales.jsonl",
      split: {
        validation: splits.validation.length / pieces.length,
        test: splits.test.length / pieces.length,
        order: "time",
      },
      buckets: 8,
    },
    model: [{ layer: "dense", size }, ...residualBlock(1), ...residualBlock(2), { layer: "dense", size: NOTES }],
    loss: { type: "binary_cross_entropy", reduction: "mean_of_sums" },
    optimizer: {
      type: "adam",
      learning_rate,
      clip: { global_norm: 0.4 },
      schedule: { type: "cosine_decay", warmup_steps, decay_steps: updates - warmup_steps },
      average: decay > 0 ? { decay } : null,
    },
    train: { epochs, batch_size },
  },
  folder,
  ["--threads", values.threads],
);
console.log("| split | pieces | negative log-likelihood per frame |\n|---|---|---|");
for (const [split, { length }] of Object.entries(splits))
  console.log(`| ${split} | ${length} | ${metrics[split].loss.toFixed(3)} |`);
console.log(`\n${Math.round(seconds)} seconds`);
