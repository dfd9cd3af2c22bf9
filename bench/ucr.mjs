/**
 * Accuracy on time series of the UCR and UEA archives, as a mean over seeds, with the fully convolutional network of
 * Z. Wang, W. Yan and T. Oates, Time Series Classification from Scratch with Deep Neural Networks, 2017.
 *
 *     node bench/ucr.mjs FOLDER [--seeds 1,2,3,4,5] [--norm batch_norm] [--set GunPoint=500 …]
 *
 * FOLDER has NAME_TRAIN.ts and NAME_TEST.ts. `--set` chooses data sets, and their epochs.
 */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { evaluate, mean, train } from "./accuracy.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "1,2,3,4,5" },
    norm: { type: "string", default: "batch_norm" },
    set: { type: "string", multiple: true },
  },
});
/** Data sets with their epochs. */
const defaults = ["GunPoint=300", "ItalyPowerDemand=200", "ArrowHead=1000", "JapaneseVowels=30"];
const [data] = positionals;
if (data === undefined) throw new Error("Name the folder of the .ts files.");

const convolution = (size, kernel_size) => [
  { layer: "conv1d", size, kernel_size },
  { layer: values.norm },
  { layer: "activation", activation: "relu" },
];

const network = [
  ...convolution(128, 8),
  ...convolution(256, 5),
  ...convolution(128, 3),
  { layer: "pool", mode: "mean" },
  { layer: "projection", size: "classes" },
];

const BATCH_SIZE = 16;

const countSeries = (file) => readFileSync(file, "utf8").match(/^[^@#%\s]/gm).length;

function specOf(name, seed, epochs, file) {
  const decay_steps = epochs * Math.ceil(countSeries(file) / BATCH_SIZE);
  return {
    name: `${name}-${seed}`,
    seed,
    data: { type: "sequences", file },
    model: network,
    loss: { type: "cross_entropy" },
    optimizer: { type: "adam", learning_rate: 0.001, schedule: { type: "cosine_decay", decay_steps } },
    train: { epochs, batch_size: BATCH_SIZE, evaluate_every: decay_steps },
  };
}

const folder = mkdtempSync(join(tmpdir(), "rnnx-ucr-"));
console.log("| data | epochs | test accuracy, mean | by seed | seconds |\n|---|---|---|---|---|");
for (const [name, epochs] of (values.set ?? defaults).map((text) => text.split("="))) {
  const [trainFile, testFile] = ["TRAIN", "TEST"].map((split) => resolve(data, `${name}_${split}.ts`));
  if (!existsSync(trainFile)) {
    console.log(`| ${name} | – | ${trainFile} is missing | | |`);
    continue;
  }
  const results = values.seeds.split(",").map((seed) => {
    const { run, seconds } = train(specOf(name, Number(seed), Number(epochs), trainFile), folder);
    return { seconds, accuracy: evaluate(run, testFile, folder).accuracy };
  });
  const accuracies = results.map(({ accuracy }) => accuracy);
  const bySeed = accuracies.map((accuracy) => accuracy.toFixed(3)).join(", ");
  const seconds = Math.round(mean(results.map((result) => result.seconds)));
  console.log(`| ${name} | ${epochs} | ${mean(accuracies).toFixed(4)} | ${bySeed} | ${seconds} |`);
}
