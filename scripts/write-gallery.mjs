/**
 * Trains every spec of the gallery and writes docs/gallery.md: what each is, its size, and the numbers that it reached.
 *
 *     npm run build && node scripts/write-gallery.mjs
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What each spec shows; and flags where the whole training would take long. */
const gallery = {
  feedforward: { shows: "one-to-one: a plain network fits XOR" },
  hello: { shows: "`hell` → `ello` with a tanh RNN and TensorFlow 1's RMSProp, loss summed" },
  hihello: { shows: "`hihell` → `ihello` with an LSTM whose outputs are the logits" },
  "if-you-want-you": { shows: "a sentence by gradient descent" },
  ship: { shows: "two stacked LSTMs and a softmax projection read a sentence back, window by window" },
  "ship-tied": { shows: "the same with one cell used twice" },
  "minimal-gated": { shows: "the same sentence with a cell written as equations in the spec" },
  batches: { shows: "many-to-many over batches; shapes as the tutorial prints them" },
  lengths: { shows: "sequences of different lengths: zeros past the end, frozen states" },
  static: { shows: "steps laid out in place of a loop" },
  "keras-states": { shows: "sequences and states returned as Keras does" },
  stock: { shows: "time series, many-to-one: the next closing price from a week of five columns" },
  weather: { shows: "24 hours × 10 stations" },
  "mnist-rows": { shows: "images read row by row" },
  dropout: { shows: "dropout on inputs, outputs and states, in training only" },
  spam: { shows: "many-to-one: messages classified by the last output" },
  "max-pool": { shows: "the same by the largest output over time" },
  tagging: { shows: "many-to-many: a tag for each word" },
  caption: { shows: "one-to-many: a vector starts the decoder, which writes a sequence" },
  translate: { shows: "many-to-many: encoder, decoder and attention turn number words into digits" },
  "shakespeare-small": { shows: "a character model with carried states" },
  shakespeare: {
    shows: "3 × 512 LSTM, batch 50, windows of 50, carried states, dropout, decay, clip, samples",
    flags: ["--steps", "2"],
  },
  "source-code": { shows: "a character model of ten million parameters", flags: ["--steps", "1"] },
};

function records(...args) {
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

const short = (value) => String(Number(value.toPrecision(4)));

function row(name, { shows, flags = [] }) {
  const out = mkdtempSync(join(tmpdir(), "rnnx-gallery-"));
  try {
    const { parameters } = records("inspect", `specs/${name}.json`).at(-1);
    const { step, metrics } = records("train", `specs/${name}.json`, "--out", join(out, "run"), ...flags).at(-1);
    const measured = Object.entries(metrics)
      .flatMap(([part, values]) => Object.entries(values).map(([metric, value]) => `${part} ${metric} ${short(value)}`))
      .join(", ");
    const steps = `${step.toLocaleString("en")}${flags.length > 0 ? " (of more)" : ""}`;
    return `| [\`${name}\`](../specs/${name}.json) | ${shows} | ${parameters.total.toLocaleString("en")} | ${steps} | ${measured} |`;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

const present = new Set(
  readdirSync(join(root, "specs"))
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5)),
);
for (const name of present)
  if (!(name in gallery)) throw new Error(`specs/${name}.json is not described in scripts/write-gallery.mjs`);
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const rows = Object.entries(gallery)
  .filter(([name]) => present.has(name))
  .map(([name, about]) => row(name, about));
const page = `# Gallery

Every system here is one spec in [\`specs/\`](../specs), trained by the test suite. This page is written by
\`node scripts/write-gallery.mjs\` (rnnx ${version}); the numbers are what each spec reached with its own seed on the small data that
comes with it.

| spec | shows | parameters | steps | reached |
|---|---|---|---|---|
${rows.join("\n")}
`;
writeFileSync(join(root, "docs/gallery.md"), page);
