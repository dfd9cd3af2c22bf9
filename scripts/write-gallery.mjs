/**
 * Trains every spec of the gallery, and some templates, and writes docs/gallery.md: what each shows, and what the
 * trained model prints or draws. Charts go to docs/images/gallery. It takes some minutes on a quiet machine.
 *
 *     npm run build && node scripts/write-gallery.mjs [--only NAME]
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { flagsOf } from "./flags.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const images = "docs/images/gallery";
const { only } = flagsOf(import.meta.filename, { only: [] });

/**
 * Sections of the page: specs, and templates as `templates/NAME`. `steps` shortens a long training; `prompt` starts a
 * generated text; `plain` leaves the chart out; `inputs` are lines of a file in the data's format, with the field that
 * the page shows of each.
 */
const sections = {
  "Text: the next character": {
    hihello: { shows: "`hihell` → `ihello`: an LSTM of 5 units whose outputs are the logits." },
    hello: { shows: "`hell` → `ello` with a tanh RNN and TensorFlow 1's RMSProp." },
    "if-you-want-you": { shows: "A sentence by plain gradient descent." },
    ship: { shows: "Two stacked LSTMs and a softmax projection repeat a sentence, window by window." },
    "ship-tied": { shows: "The same sentence with one cell shared by both layers." },
    "minimal-gated": { shows: "The same sentence with a cell defined by equations in the spec." },
    dropout: { shows: "Dropout on inputs, outputs and states, in training only." },
    "shakespeare-small": { shows: "A character model with carried states (truncated BPTT).", prompt: "ROMEO:" },
    shakespeare: {
      shows:
        "3 × 512 LSTM, 5.4 million parameters: carried states, dropout, learning-rate decay, gradient clipping, samples.",
      steps: 2,
      silent: true,
    },
    "source-code": { shows: "A character model of 10 million parameters.", steps: 1, silent: true },
    nanogpt: {
      shows: "The small GPT of nanoGPT: 4 blocks of width 128; the projection shares the embedding's table.",
      steps: 2,
      silent: true,
    },
    "templates/gpt-characters": {
      shows: "A GPT: two blocks of causal attention with rotary positions and dense layers.",
      prompt: "ROMEO:",
    },
  },
  "Sequences: one label, or one for each step": {
    spam: {
      shows: "Many-to-one: messages classified by the last output.",
      inputs: ["please bring the tickets to the office now", "your account won a free offer"].map((text) => ({ text })),
    },
    "max-pool": { shows: "The same messages classified by the maximum over time." },
    convolution: { shows: "The same messages classified by convolutions: strided, then dilated." },
    tagging: {
      shows: "Many-to-many: a part of speech for each word, with a bidirectional GRU.",
      inputs: ["this small fish must walk near the quick watch today", "the light will watch every walk"].map(
        (line) => ({
          tokens: line.split(" "),
        }),
      ),
    },
    requests: {
      shows: "Two outputs: the intent of a request, and the slot that each of its words fills.",
      inputs: ["please turn off the radio in the hall", "set the heater to two tonight"].map((text) => ({ text })),
    },
    "templates/transformer-tagger": {
      shows: "The same words tagged by a transformer of two blocks.",
      inputs: [{ tokens: "this small fish must walk near the quick watch today".split(" ") }],
    },
    "templates/convolutional-classifier": {
      shows: "Time series classified by convolutions with batch normalization and a mean over time.",
    },
    lengths: { shows: "Sequences of different lengths: zeros after the end, frozen states." },
    batches: { shows: "Many-to-many over batches, with the shapes of the tutorial." },
    static: { shows: "The same with the loop unrolled." },
  },
  "Tasks of memory": {
    parity: {
      shows:
        "The parity of the ones so far: an sLSTM trained on up to 40 bits, evaluated on 40 to 256. A cell whose gates do not read its state cannot: `mlstm` is right for 51 %.",
      plain: true,
    },
    "selective-copying": {
      shows:
        "Four letters among 248 steps of noise, repeated in order at the end: two selective state spaces. Recurrences whose gates do not read the input cannot: two `lru` in their place repeat none of 100 sequences.",
      plain: true,
    },
    "associative-recall": {
      shows: "Eight pairs of a key and a value, then the value of one key: the delta rule.",
      plain: true,
    },
  },
  "Encoder and decoder": {
    translate: {
      shows: "Encoder, decoder and attention translate number words into digits.",
      inputs: ["seven hundred and sixty five", "nine hundred and eighty", "forty two"].map((source) => ({ source })),
    },
    caption: {
      shows: "One-to-many: a vector of features initializes the decoder, which writes a sentence.",
      inputs: [
        [1, 0, 0, 0, 1, 0, 0, 0, 0],
        [1, 0, 0, 0, 1, 0, 0, 0, 0.5],
      ].map((source) => ({ source })),
    },
  },
  "Numbers: series, images, tables": {
    stock: { shows: "Many-to-one: the next closing price from a week of five columns." },
    weather: { shows: "The next hour of 10 stations from the last 24 hours." },
    etth1: {
      shows:
        "The next 96 hours of 7 columns from the last 96: SegRNN, whose GRU reads segments of 48 hours of each column minus its last value (S. Lin et al., 2023). Its own file is a small one of that form; on ETTh1 (`--set data.file=ETTh1.csv`) the split is the usual one of 12, 4 and 4 months, 2,785 test windows, with a test MSE of 0.369 and an MAE of 0.389 after 340 steps.",
      silent: true,
    },
    "spoken-digits": {
      shows:
        "Sounds of digits by speakers that the training lacks: a log-mel spectrum of at most 40 dB for each sound, normalized by band, and convolutions over time. Its own files are sums of harmonics; with the free spoken digits (`--set 'data.file=recordings/*.wav'`) each fold leaves one of six speakers out, and `rnnx sweep` trains all: the mean test accuracy is 0.81.",
      silent: true,
    },
    "m4-hourly": {
      shows:
        "The next 48 hours of many series at once, with an interval of 80 %: a linear forecast of two weeks of hours plus a correction by a network, in logarithms less their mean in each window, so that series of any size are alike. Its own file is a small one of that form; on the hourly series of the M4 competition ([how to](how-to/forecast-a-competition.md), `--set data.file=m4.csv`) the 414 test windows have a sMAPE of 8.89 and a MASE of 0.942 (seasonal naive: 13.91 and 1.193; the winner of the competition: 9.33 and 0.893), and 78.9 % of the values are within the interval, after 1,524 steps.",
      silent: true,
    },
    "templates/cnn-lstm": { shows: "One of the stations by a convolution, a pool and an LSTM." },
    "templates/tcn-music": {
      shows: "The next notes of a piece of music, several at once, by causal convolutions in residual blocks.",
      plain: true,
    },
    "mnist-rows": { shows: "Digits read row by row.", plain: true },
    "keras-states": { shows: "Sequences and final states, as Keras returns them." },
    feedforward: { shows: "A feed-forward network without recurrence learns XOR." },
  },
};

function rnnx(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/rnnx.js", ...args, "--json"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`rnnx ${args.join(" ")} ended with ${status}: ${stderr}${stdout.slice(-2000)}`);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const { openRunExamples } = await import("../dist/runtime/evaluation/run-examples.js");
const { summarizeRun } = await import("../dist/runtime/evaluation/summarize-run.js");
const { confusionChart, seriesChart } = await import("../dist/views/charts/predictions.js");
const { toSvg } = await import("../dist/views/charts/render.js");

const MAX_CHART_BYTES = 60_000;

async function chart(name, description, spec) {
  const svg = await toSvg(spec);
  if (svg.length > MAX_CHART_BYTES) throw new Error(`The chart of ${name} has ${svg.length} bytes.`);
  mkdirSync(join(root, images), { recursive: true });
  writeFileSync(join(root, images, `${name}.svg`), svg);
  return `![${description}](images/gallery/${name}.svg)`;
}

const fenced = (lines) => ["```text", ...lines, "```"].join("\n");
const oneLine = (text) => text.replaceAll("\n", " ").trim();

/** Predictions for some inputs: each input above what the model predicts for it. */
function predictionsFor(run, inputs) {
  const [input, output] = [join(run, "..", "inputs.jsonl"), join(run, "..", "predictions.jsonl")];
  writeFileSync(input, inputs.map((one) => `${JSON.stringify(one)}\n`).join(""));
  rnnx("predict", run, "--input", input, "--output", output);
  const predictions = readFileSync(output, "utf8").trim().split("\n").map(JSON.parse);
  return predictions.flatMap((prediction, index) => {
    const [given] = Object.values(inputs[index]);
    const { label, labels, tags, target, probability } = prediction;
    const only = label ?? labels ?? tags ?? target;
    const outputs = Object.keys(prediction).filter((key) => `${key}_probability` in prediction);
    const texts =
      only === undefined
        ? outputs.map((name) => `${name}: ${[prediction[name]].flat().join(" ")}`)
        : [`${[only].flat().join(" ")}${probability > 0 ? `  (${(100 * probability).toFixed(1)} %)` : ""}`];
    return [`input      ${[given].flat().join(" ")}`, ...texts.map((text) => `predicted  ${text}`)];
  });
}

/** Output of the trained model, as Markdown: a text, predictions or a chart. */
async function outputsOf(name, run, { prompt, inputs, plain }) {
  if (inputs !== undefined) return fenced(predictionsFor(run, inputs));
  if (prompt !== undefined) {
    const { text } = rnnx(
      "generate",
      run,
      "--prompt",
      prompt,
      "--length",
      "240",
      "--temperature",
      "0.5",
      "--seed",
      "1",
    ).at(-1);
    return `It continues "${prompt}":\n\n${fenced(text.trimEnd().split("\n"))}`;
  }
  const opened = await openRunExamples(run);
  const result = opened.ok ? await summarizeRun(opened.value) : opened;
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  const { split, outputs } = result.value;
  const [{ summary }] = outputs.values();
  const place = `${split === "train" ? "training" : split} split`;
  switch (summary.kind) {
    case "texts": {
      const rows = summary.texts.slice(0, 4);
      const lines = rows.flatMap(({ target, predicted }) =>
        target === null ? [oneLine(predicted)] : [`target     ${oneLine(target)}`, `predicted  ${oneLine(predicted)}`],
      );
      return `Predictions on the ${place}:\n\n${fenced(lines)}`;
    }
    case "classes": {
      const total = summary.counts.flat().reduce((sum, count) => sum + count, 0);
      const right = summary.counts.reduce((sum, row, index) => sum + row[index], 0);
      const text = `${right.toLocaleString("en")} of ${total.toLocaleString("en")} predictions on the ${place} are right.`;
      if (plain || summary.names.length < 2 || total < 20) return text;
      return `${text}\n\n${await chart(name, `Confusion matrix of ${name}`, confusionChart(summary.names, summary.counts))}`;
    }
    case "numbers": {
      const [series] = summary.series;
      const first = { ...series, target: series.target.slice(0, 150), predicted: series.predicted.slice(0, 150) };
      return `${series.name} on the ${place}:\n\n${await chart(name, `Targets and predictions of ${name}`, seriesChart(first, { width: 640, height: 200 }))}`;
    }
  }
}

async function entry(path, about) {
  const file = path.includes("/") ? `${path}.json` : `specs/${path}.json`;
  const name = basename(path);
  const folder = mkdtempSync(join(tmpdir(), "rnnx-gallery-"));
  const run = join(folder, "run");
  try {
    const { parameters } = rnnx("inspect", file).at(-1);
    const steps = about.steps === undefined ? [] : ["--steps", `${about.steps}`];
    const { step } = rnnx("train", file, "--out", run, ...steps).at(-1);
    const short = about.steps === undefined ? "" : " (its spec has more)";
    const size = `${parameters.total.toLocaleString("en")} parameters, ${step.toLocaleString("en")} training ${step === 1 ? "step" : "steps"}${short}.`;
    const outputs = about.silent ? "" : `\n\n${await outputsOf(name, run, about)}`;
    return `### [\`${name}\`](../${file})\n\n${about.shows} ${size}${outputs}\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const described = Object.values(sections).flatMap((entries) => Object.keys(entries));
for (const file of readdirSync(join(root, "specs")).filter((one) => one.endsWith(".json")))
  if (!described.includes(file.slice(0, -5)))
    throw new Error(`specs/${file} is not described in scripts/write-gallery.mjs.`);

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const page = [
  "# Gallery",
  `Every model here is one spec in [\`specs/\`](../specs) or a template of \`rnnx init\`, trained with its own seed on the small data\nthat comes with it. This page is written by \`node scripts/write-gallery.mjs\` (rnnx ${version}). Train one yourself: \`npx rnnx train specs/hihello.json\`.\n`,
];
for (const [title, entries] of Object.entries(sections)) {
  page.push(`## ${title}\n`);
  for (const [name, about] of Object.entries(entries)) {
    if (only.length > 0 && !only.includes(name)) continue;
    page.push(await entry(name, about));
    process.stderr.write(`${name}\n`);
  }
}
if (only.length > 0) process.stdout.write(page.join("\n"));
else writeFileSync(join(root, "docs/gallery.md"), page.join("\n"));
