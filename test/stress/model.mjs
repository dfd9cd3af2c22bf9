/** One random model: validated, compiled, trained for two steps, exported, and its outputs compared. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { damaged, drawData, drawTraining, SHORTEST } from "../support/draw-data.mjs";
import { drawModel, drawOptimizer, inputKinds } from "../support/draw-model.mjs";
import { choices } from "../support/draw-values.mjs";
import { root } from "../support/training-processes.mjs";

const from = (path) => import(join(root, "dist", path));
const [
  { readSpec },
  { runTraining },
  { openRun, readRunWeights },
  { exportModel },
  { openData },
  { createEvaluator },
  { feedsOf, tensorOf },
  { whyNotStreamable },
  { mapPathsToSource },
  { exportForms, opsets, precisions, recurrentForms },
] = await Promise.all(
  [
    "schema/read.js",
    "runtime/training/loop.js",
    "runtime/run/open.js",
    "runtime/export/index.js",
    "runtime/data/index.js",
    "runtime/evaluation/evaluator.js",
    "runtime/tensors/ort.js",
    "schema/kinds/layers.js",
    "runtime/training/spec-paths.js",
    "compiler/export/options.js",
  ].map(from),
);

/** Largest difference of outputs, relative to the largest output above 1. */
const TOLERANCE = 1e-4;

/** The spec of a seed, and its files. */
export function drawSpec(seed) {
  const generator = xoroshiro128plus(seed);
  const random = choices((limit) => (limit <= 1 ? 0 : (generator.next() >>> 0) % limit));
  const drawn = drawModel(random, SHORTEST, inputKinds);
  const { data, files = {} } = drawData(random, drawn);
  const spec = {
    name: "random",
    seed: random.below(100),
    data,
    ...drawn.spec,
    optimizer: drawOptimizer(random),
    train: drawTraining(random, data),
  };
  return { drawn, files, spec: random.once(6) ? damaged(random, spec) : spec, random };
}

/**
 * @returns `outcome`: "refused", with its diagnostics' `codes`; "failed", with a `reason`, where the run ended with a
 * message; "trained", with the largest difference.
 * Throws where a diagnostic lacks its place, a number is not finite, or outputs differ.
 */
export async function tryModel(seed, folder) {
  const { drawn, files, spec, random } = drawSpec(seed);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const text = JSON.stringify(spec, undefined, 1);
  writeFileSync(join(folder, "spec.json"), text);
  const read = await readSpec(text, { folder });
  if (!read.ok) return refused(read.diagnostics);

  const out = join(folder, "run");
  const losses = [];
  const observer = {
    emit: (events) => losses.push(...events.filter(({ event }) => event === "step").map(({ loss }) => loss)),
    shouldStop: () => false,
  };
  const request = { spec: read.spec, folder, out, device: "cpu", resume: false, init: null, disabledPasses: [] };
  const trained = mapPathsToSource(read.spec, read.origins, await runTraining(request, observer));
  if (!trained.ok)
    return trained.error.kind === "input"
      ? refused(trained.error.problems.map(read.document.locate))
      : { outcome: "failed", reason: trained.error.message };
  if (losses.length === 0 || !losses.every(Number.isFinite)) throw new Error(`the losses are ${losses}`);
  return { outcome: "trained", difference: await compareExports(drawn, out, folder, random) };
}

/**
 * Tries the models of some seeds.
 *
 * @param observer `onFailure` is called with each failure; `isEnding` is asked before each model.
 * @returns counts by outcome, codes of diagnostics, the largest difference, and the failures with their seeds.
 */
export async function tryModels(count, seed, folder, { onFailure = () => {}, isEnding = () => false } = {}) {
  const counts = { trained: 0, refused: 0, failed: 0 };
  const codes = {};
  const failures = [];
  let [models, largest] = [0, 0];
  for (; models < count && !isEnding(); models++) {
    const own = seed * 1_000_003 + models;
    try {
      const result = await tryModel(own, folder);
      counts[result.outcome]++;
      largest = Math.max(largest, result.difference ?? 0);
      for (const code of result.codes ?? []) codes[code] = (codes[code] ?? 0) + 1;
      if (result.outcome === "failed") onFailure(`model ${own}: ${result.reason}`);
    } catch (error) {
      const failure = `model ${own}: ${error instanceof Error ? error.stack : error}`;
      failures.push(failure);
      onFailure(failure);
    }
    // Signals are heard between models.
    await new Promise(setImmediate);
  }
  return { models, ...counts, largest, codes, failures };
}

function refused(diagnostics) {
  if (diagnostics.length === 0) throw new Error("refused without a diagnostic");
  for (const { code, message, line } of diagnostics)
    if (!/^[a-z0-9-]+$/.test(code) || message === "" || !(line >= 1)) throw new Error(`no place: ${code} ${message}`);
  return { outcome: "refused", codes: diagnostics.map(({ code }) => code) };
}

function required(result) {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** The largest difference between evaluation and the exported forms, over valid steps. */
async function compareExports(drawn, out, folder, random) {
  const run = required(openRun(out));
  const { spec, metadata } = run;
  const { parameters } = required(readRunWeights(run, "end"));
  for (const [name, { data }] of parameters) if (!data.every(Number.isFinite)) throw new Error(`${name} is not finite`);
  const source = required(await openData(spec, out, metadata));
  const examples = Uint32Array.from({ length: Math.min(source.examples, 4) }, (_, index) => index);
  const batch = source.batch(examples);
  const stepsOf = (lengths, inputs, row) => Number(batch.get(lengths)?.data[row] ?? batch.get(inputs)?.shape[1]);
  const steps = Array.from(examples, (_, row) =>
    drawn.outputSteps({
      time: stepsOf("lengths", "inputs", row),
      target_time: stepsOf("target_lengths", "decoder_inputs", row),
    }),
  );
  const output = await evaluated(run, parameters, source, examples);
  const expected = { shape: output.shape, data: finished(output, run) };
  const feeds = Object.fromEntries(
    [...batch].map(([name, array]) => [name, tensorOf(name === "inputs" ? inDataUnits(array, metadata) : array)]),
  );

  const { pick, once, between } = random;
  const settings = () => ({
    opset: once(2) ? between(opsets.first, opsets.last) : opsets.preferred,
    recurrent: pick(recurrentForms),
  });
  const sequence = await exported(out, join(folder, "sequence.onnx"), { form: "sequence", ...settings() });
  const ownFeeds = Object.fromEntries(sequence.inputs.map(({ name }) => [name, feeds[name]]));
  const differences = [difference(resultOf(await sequence.session.run(ownFeeds)), expected, steps)];
  await sequence.session.release();
  if (whyNotStreamable(spec.model) === undefined && hasOneAxis(batch)) {
    const step = await exported(out, join(folder, "step.onnx"), { form: "step", ...settings() });
    differences.push(await stepDifference(step, feeds, parameters, expected, steps));
    await step.session.release();
  }
  if (once(3)) {
    const form = spec.data.type === "text" ? pick(exportForms) : "sequence";
    const request = { run: out, out: join(folder, "other.onnx"), form, precision: pick(precisions), ...settings() };
    const other = await exportModel(request);
    if (!other.ok && other.error.kind !== "input") throw new Error(JSON.stringify(other.error));
  }
  const largest = Math.max(...differences);
  if (!(largest <= TOLERANCE)) throw new Error(`exported forms differ by ${differences}`);
  return largest;
}

/** True where every input has the steps of `inputs`: a model of two time axes does not run step by step. */
const hasOneAxis = (batch) => !batch.has("decoder_inputs") && !batch.has("second");

async function evaluated({ folder, manifest }, parameters, source, examples) {
  const session = await InferenceSession.create(join(folder, "eval.onnx"), { logSeverityLevel: 3 });
  const evaluator = await createEvaluator(session, manifest, source);
  const { value } = await evaluator.outputs(feedsOf(parameters), examples, examples.length).next();
  await session.release();
  return value.output;
}

/** The session of an export, which was compared with the run's model on random inputs before it was written. */
async function exported(run, out, settings) {
  const { model } = required(await exportModel({ run, out, ...settings }));
  return { session: await InferenceSession.create(out, { logSeverityLevel: 3 }), inputs: model.inputs };
}

const resultOf = (results) => (results.probabilities ?? results.outputs).data;

/** Outputs in the units of the data, or as probabilities. */
function finished({ shape, data }, { spec, metadata }) {
  const width = shape.at(-1);
  const { type } = spec.loss;
  if (["squared_error", "absolute_error", "huber"].includes(type))
    return metadata.type === "table" ? unscaled(data, metadata.target, metadata) : data;
  if ((spec.model.at(-1).activation ?? "none") !== "none") return data;
  if (type === "binary_cross_entropy") return data.map((logit) => 1 / (1 + Math.exp(-logit)));
  return data.map((logit, index) => {
    const row = data.subarray(index - (index % width), index - (index % width) + width);
    return 1 / row.reduce((sum, other) => sum + Math.exp(other - logit), 0);
  });
}

const inDataUnits = (array, metadata) =>
  metadata.type === "table" ? { ...array, data: unscaled(array.data, metadata.columns, metadata) } : array;

function unscaled(data, columns, { scaler }) {
  return data.map((value, index) => {
    const { offset, factor } = scaler[columns[index % columns.length]] ?? { offset: 0, factor: 1 };
    return value / factor + offset;
  });
}

/** The largest difference at valid steps, relative to the largest expected value if that exceeds 1. */
function difference(actual, { shape, data }, steps) {
  const [rows, time] = [shape[0], shape.length > 2 ? shape[1] : 1];
  const perStep = data.length / rows / time;
  let [largest, scale] = [0, 1];
  for (const [index, value] of data.entries()) {
    if (Math.floor(index / perStep) % time >= steps[Math.floor(index / perStep / time)]) continue;
    const distance = Math.abs(value - actual[index]);
    largest = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(largest, distance);
    scale = Math.max(scale, Math.abs(value));
  }
  return actual.length === data.length ? largest / scale : Number.POSITIVE_INFINITY;
}

/** The difference of the step form, whose states are fed back. A model with one output per sequence has it at the last step. */
async function stepDifference({ session, inputs }, feeds, parameters, expected, steps) {
  const [rows, time] = feeds.inputs.dims;
  const states = Object.fromEntries(
    inputs
      .filter(({ role }) => role === "state")
      .map(({ name, dtype, shape }) => {
        // A symbol is a number of past steps.
        const dims = [rows, ...shape.slice(1).map((size) => (typeof size === "number" ? size : 0))];
        const initial = parameters.get(`${name}/initial`)?.data ?? [0];
        const size = dims.reduce((product, dim) => product * dim, 1);
        if (dtype === "int64") return [name, new Tensor("int64", new BigInt64Array(size), dims)];
        const data = Float32Array.from({ length: size }, (_, index) => initial[index % initial.length]);
        return [name, new Tensor("float32", data, dims)];
      }),
  );
  const isSequence = expected.shape.length > 2;
  let largest = 0;
  for (let step = 0; step < time; step++) {
    const data = inputs
      .filter(({ role }) => role !== "state")
      .map(({ name, shape }) => [
        name,
        shape.length < feeds[name].dims.length ? stepOf(feeds[name], step) : feeds[name],
      ]);
    const results = await session.run({ ...states, ...Object.fromEntries(data) });
    for (const name of Object.keys(states)) states[name] = results[`next/${name}`];
    // A row with one output has it at its last valid step.
    const valid = steps.map((count, row) => {
      const last = isSequence ? count : Number(feeds.lengths?.data[row] ?? time);
      return (isSequence ? step < last : step === last - 1) ? 1 : 0;
    });
    const own = isSequence ? stepOf(new Tensor("float32", expected.data, expected.shape), step) : expected;
    const dims = own.dims ?? own.shape;
    largest = Math.max(largest, difference(resultOf(results), { shape: dims, data: own.data }, valid));
  }
  return largest;
}

/** One step of [rows, time, …]. */
function stepOf({ type, dims, data }, step) {
  const [rows, time, ...rest] = dims;
  const size = rest.reduce((product, dim) => product * dim, 1);
  const slice = new data.constructor(rows * size);
  for (let row = 0; row < rows; row++)
    slice.set(data.subarray((row * time + step) * size, (row * time + step + 1) * size), row * size);
  return new Tensor(type, slice, [rows, ...rest]);
}
