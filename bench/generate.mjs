/**
 * Time of a generated token of a transformer with cached keys and values, by the length of the text: the exported
 * `generate` form (the mean of all tokens; its cache holds the whole text from the first one on), the `step` form, whose
 * caches are inputs and outputs (the token after as many others), and the `sequence` form, which reads all tokens again.
 * "attention" is that of one token to as many cached steps in every layer: products and a softmax alone. Each number is
 * processor time on one thread, the least of all rounds.
 *
 *     node bench/generate.mjs [--layers 4] [--width 128] [--heads 4] [--lengths 10,100,1000] [--rounds 10]
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { flagsOf } from "../scripts/flags.mjs";
import { exportForm, train } from "./accuracy.mjs";

const values = flagsOf(import.meta.filename, {
  layers: 4,
  width: 128,
  heads: 4,
  lengths: "10,100,1000",
  rounds: 10,
});
const { layers, width, heads, rounds } = values;
const lengths = values.lengths.split(",").map(Number);
const longest = Math.max(...lengths);
const [VOCABULARY, WINDOW] = [65, 8];

const sublayer = (...body) => ({ block: [{ layer: "layer_norm" }, ...body], residual: true });
const spec = {
  name: "generate",
  data: {
    type: "text",
    text: String.fromCharCode(...Array.from({ length: 4 * VOCABULARY }, (_, index) => 33 + (index % VOCABULARY))),
    window: WINDOW,
  },
  model: [
    { layer: "embedding", size: width },
    { layer: "position", type: "learned", length: Math.max(longest + 1, WINDOW) },
    {
      repeat: layers,
      block: [
        sublayer({ layer: "attention", heads, causal: true }),
        sublayer({ layer: "dense", size: 4 * width, activation: "gelu" }, { layer: "dense", size: width }),
      ],
    },
    { layer: "layer_norm" },
    { layer: "projection", size: "vocabulary" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.001 },
  train: { steps: 1, batch_size: 2 },
};

const folder = mkdtempSync(join(tmpdir(), "rnnx-generate-"));
const { run } = train(spec, folder);
const open = (form) =>
  InferenceSession.create(exportForm(run, form, folder), { intraOpNumThreads: 1, logSeverityLevel: 3 });
const forms = { generate: await open("generate"), step: await open("step"), sequence: await open("sequence") };

const scalar = (type, value) =>
  type === "int64"
    ? new Tensor(type, BigInt64Array.of(BigInt(value)), [])
    : new Tensor(type, Float32Array.of(value), []);
const ids = (count) => new Tensor("int32", new Int32Array(count).fill(1), [1, count]);
const zeros = (dims) => new Tensor("float32", new Float32Array(dims.reduce((a, b) => a * b, 1)), dims);
/** Milliseconds of processor time, which other processes do not add to. */
async function timed(work) {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Milliseconds of each token of a text of `length` tokens, its mean. */
const generated = (length) =>
  timed(() =>
    forms.generate.run({
      prompt: ids(1),
      length: scalar("int64", length),
      temperature: scalar("float32", 0),
      seed: scalar("int64", 1),
    }),
  ).then((milliseconds) => milliseconds / length);

/** Milliseconds of the token after `length` others. */
async function stepped(length) {
  const states = forms.step.inputNames.filter((name) => name !== "inputs");
  const shapes = new Map(forms.step.inputMetadata.map(({ name, shape }) => [name, shape]));
  // The axis of cached steps is the one without a fixed size after the rows.
  const dims = (name) =>
    shapes.get(name).map((size, axis) => (axis === 0 ? 1 : Number.isInteger(size) ? size : length));
  const integers = (name) => new Tensor("int64", BigInt64Array.of(BigInt(length)), dims(name));
  const feeds = Object.fromEntries(
    forms.step.inputMetadata
      .filter(({ name }) => states.includes(name))
      .map(({ name, type }) => [name, type === "int64" ? integers(name) : zeros(dims(name))]),
  );
  return timed(() => forms.step.run({ ...feeds, inputs: new Tensor("int32", Int32Array.of(1), [1]) }));
}

/** Milliseconds of the token after `length` others, which are read again. */
const reread = (length) => timed(() => forms.sequence.run({ inputs: ids(length) }));

const measures = { generate: generated, step: stepped, sequence: reread, attention: await attentionAlone() };
const names = Object.keys(measures);
const least = new Map(lengths.map((length) => [length, Object.fromEntries(names.map((name) => [name, Infinity]))]));
for (let round = 0; round < rounds; round++)
  for (const length of lengths)
    for (const name of names)
      for (let repeat = 0; repeat < (name === "generate" ? 1 : 5); repeat++)
        least.get(length)[name] = Math.min(least.get(length)[name], await measures[name](length));

console.log(`| tokens | ${names.join(" | ")} | generate without attention, relative to the first row |`);
console.log(`|---|${"---|".repeat(names.length + 1)}`);
const withoutAttention = ({ generate, attention }) => generate - attention;
for (const [length, times] of least) {
  const cells = names.map((name) => `${times[name].toFixed(3)} ms`);
  const ratio = withoutAttention(times) / withoutAttention(least.get(lengths[0]));
  console.log(`| ${length} | ${cells.join(" | ")} | ${ratio.toFixed(2)} × |`);
}

/** The attention of one query to cached keys and values in every layer, as a session of its own. */
async function attentionAlone() {
  const { default: pkg } = await import("onnx-proto");
  const { onnx } = pkg;
  const type = (dim) => ({ tensorType: { elemType: onnx.TensorProto.DataType.FLOAT, shape: { dim } } });
  const [batch, size, steps] = [{ dimValue: heads }, { dimValue: width / heads }, { dimParam: "steps" }];
  const each = Array.from({ length: layers }, (_, layer) => layer);
  const model = onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name: "attention",
      input: [
        { name: "query", type: type([batch, { dimValue: 1 }, size]) },
        ...each.flatMap((layer) => [
          { name: `keys${layer}`, type: type([batch, size, steps]) },
          { name: `values${layer}`, type: type([batch, steps, size]) },
        ]),
      ],
      output: [{ name: `query${layers}`, type: type([batch, { dimValue: 1 }, size]) }],
      node: each.flatMap((layer) => [
        {
          opType: "MatMul",
          input: [layer === 0 ? "query" : `query${layer}`, `keys${layer}`],
          output: [`scores${layer}`],
        },
        { opType: "Softmax", input: [`scores${layer}`], output: [`weights${layer}`] },
        { opType: "MatMul", input: [`weights${layer}`, `values${layer}`], output: [`query${layer + 1}`] },
      ]),
    },
  }).finish();
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const [inner, cached] = [width / heads, new Map()];
  return (length) => {
    if (!cached.has(length))
      cached.set(length, {
        query: zeros([heads, 1, inner]),
        ...Object.fromEntries(
          each.flatMap((layer) => [
            [`keys${layer}`, zeros([heads, inner, length])],
            [`values${layer}`, zeros([heads, length, inner])],
          ]),
        ),
      });
    return timed(() => session.run(cached.get(length)));
  };
}
