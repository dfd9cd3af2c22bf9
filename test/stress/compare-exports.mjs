/** The exported forms of a run, compared with its own evaluation. */
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { root } from "../support/training-processes.mjs";

const from = (path) => import(join(root, "dist", path));
const [
  { openRun, readRunWeights },
  { exportModel },
  { openData },
  { createEvaluator },
  { feedsOf, tensorOf },
  { whyNotStreamable },
  { outputsOf },
  { exportForms, opsets, precisions, recurrentForms },
] = await Promise.all(
  [
    "runtime/run/open.js",
    "runtime/export/index.js",
    "runtime/data/index.js",
    "runtime/evaluation/evaluator.js",
    "runtime/tensors/ort.js",
    "schema/kinds/layers.js",
    "schema/kinds/outputs.js",
    "compiler/export/options.js",
  ].map(from),
);

/** Largest difference of outputs, relative to the largest output above 1. */
const TOLERANCE = 1e-4;

/** Thrown for a model whose outputs are no test: they change with every rounding. */
export class AmplifiedRounding extends Error {}

function required(result) {
  if (result.ok) return result.value;
  const { message = "" } = result.error;
  throw message.includes("amplifies rounding")
    ? new AmplifiedRounding(message)
    : new Error(JSON.stringify(result.error));
}

/**
 * The largest difference between evaluation and the exported forms, over valid steps.
 *
 * @param drawn the model of draw-model.mjs. @param out its run. @param folder a folder for the exports.
 */
export async function compareExports(drawn, out, folder, random) {
  const run = required(openRun(out));
  const { spec, metadata } = run;
  const { parameters } = required(readRunWeights(run, "end"));
  for (const [name, { data }] of parameters) if (!data.every(Number.isFinite)) throw new Error(`${name} is not finite`);
  const source = required(await openData(spec, out, metadata));
  const examples = Uint32Array.from({ length: Math.min(source.examples, 4) }, (_, index) => index);
  const evaluation = await InferenceSession.create(join(out, "eval.onnx"), { logSeverityLevel: 3 });
  const evaluator = await createEvaluator(evaluation, run.manifest, source);
  /** Batches of examples with the model's outputs; of a stateful model each continues the one before. */
  const evaluated = async (batchSize) => {
    const parts = [];
    for (const [index, output] of outputsOf(spec).entries()) {
      const batches = evaluator.outputs(feedsOf(parameters), examples, batchSize, output.port);
      let part = 0;
      for await (const { batch, output: array } of batches) {
        parts[part] ??= { ...inputsOf(source.batch(batch), run), outputs: [] };
        const { inputSteps, outputs } = parts[part++];
        const steps = inputSteps.map(drawn.outputs[index].steps);
        outputs.push({ names: namesOf(output), shape: array.shape, data: finished(array, output, run), steps });
      }
    }
    return parts;
  };
  const [whole] = await evaluated(examples.length);

  const { pick, once, between } = random;
  const settings = () => ({
    opset: once(2) ? between(opsets.first, opsets.last) : opsets.preferred,
    recurrent: pick(recurrentForms),
  });
  const sequence = await exported(out, join(folder, "sequence.onnx"), { form: "sequence", ...settings() });
  const ownFeeds = Object.fromEntries(sequence.inputs.map(({ name }) => [name, whole.feeds[name]]));
  const results = await sequence.session.run(ownFeeds);
  const differences = whole.outputs.map((output) => difference(resultOf(results, output), output, output.steps));
  await sequence.session.release();
  if (whyNotStreamable(spec.model) === undefined && hasOneAxis(whole.feeds)) {
    const step = await exported(out, join(folder, "step.onnx"), { form: "step", ...settings() });
    differences.push(await stepDifference(step, [whole], parameters));
    const states = step.inputs.filter(({ role }) => role === "state");
    const carried = run.manifest.eval.inputs.filter(({ role }) => role === "state").map(({ name }) => name);
    if (drawn.isStateful && states.every(({ name }) => carried.includes(name)))
      differences.push(await stepDifference(step, await evaluated(1), parameters));
    await step.session.release();
  }
  await evaluation.release();
  if (once(3)) {
    const form = spec.data.type === "text" ? pick(exportForms) : "sequence";
    const request = { run: out, out: join(folder, "other.onnx"), form, precision: pick(precisions), ...settings() };
    const other = await exportModel(request);
    if (other.error?.kind !== "input") required(other);
  }
  const largest = Math.max(...differences);
  if (!(largest <= TOLERANCE)) throw new Error(`exported forms differ by ${differences}`);
  return largest;
}

/** True where every input has the steps of `inputs`: a model of two time axes does not run step by step. */
const hasOneAxis = (feeds) => feeds.decoder_inputs === undefined && feeds.second === undefined;

/** The feeds of a batch in the units of the data, and the steps of its inputs by row. */
function inputsOf(batch, { metadata }) {
  const stepsOf = (lengths, inputs, row) => Number(batch.get(lengths)?.data[row] ?? batch.get(inputs)?.shape[1]);
  const [first] = batch.values();
  const inputSteps = Array.from({ length: first.shape[0] }, (_, row) => ({
    time: stepsOf("lengths", "inputs", row),
    target_time: stepsOf("target_lengths", "decoder_inputs", row),
  }));
  const entries = [...batch].map(([name, array]) => [
    name,
    tensorOf(name === "inputs" ? inDataUnits(array, metadata) : array),
  ]);
  return { feeds: Object.fromEntries(entries), inputSteps };
}

/** The session of an export, which was compared with the run's model on random inputs before it was written. */
async function exported(run, out, settings) {
  const { model } = required(await exportModel({ run, out, ...settings }));
  return { session: await InferenceSession.create(out, { logSeverityLevel: 3 }), inputs: model.inputs };
}

/** The names that an exported output may have. */
const namesOf = ({ prefix }) => [`${prefix}probabilities`, `${prefix}outputs`];
const resultOf = (results, { names }) => results[names.find((name) => name in results)].data;

/** An output in the units of the data, or as probabilities. */
function finished({ shape, data }, { loss: { type }, model }, { metadata }) {
  const width = shape.at(-1);
  if (["squared_error", "absolute_error", "huber"].includes(type))
    return metadata.type === "table" ? unscaled(data, metadata.target, metadata) : data;
  if ((model.at(-1).activation ?? "none") !== "none") return data;
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

/**
 * The difference of the step form, whose states are fed back, over parts that continue each other. A model with one
 * output per sequence has it at the last step.
 */
async function stepDifference({ session, inputs }, parts, parameters) {
  const states = initialStates(inputs, parts[0].feeds, parameters);
  let largest = 0;
  for (const { feeds, outputs } of parts) {
    const time = feeds.inputs.dims[1];
    for (let step = 0; step < time; step++) {
      const data = inputs
        .filter(({ role }) => role !== "state")
        .map(({ name, shape }) => [
          name,
          shape.length < feeds[name].dims.length ? stepOf(feeds[name], step) : feeds[name],
        ]);
      const results = await session.run({ ...states, ...Object.fromEntries(data) });
      for (const name of Object.keys(states)) states[name] = results[`next/${name}`];
      for (const output of outputs) {
        const isSequence = output.shape.length > 2;
        // A row with one output has it at its last valid step.
        const valid = output.steps.map((count, row) => {
          const last = isSequence ? count : Number(feeds.lengths?.data[row] ?? time);
          return (isSequence ? step < last : step === last - 1) ? 1 : 0;
        });
        const own = isSequence ? stepOf(new Tensor("float32", output.data, output.shape), step) : output;
        const expected = { shape: own.dims ?? own.shape, data: own.data };
        largest = Math.max(largest, difference(resultOf(results, output), expected, valid));
      }
    }
  }
  return largest;
}

/** The states before the first step: those of the data, learned ones, or zeros. */
function initialStates(inputs, feeds, parameters) {
  const rows = feeds.inputs.dims[0];
  const states = inputs
    .filter(({ role }) => role === "state")
    .map(({ name, dtype, shape }) => {
      if (feeds[name] !== undefined) return [name, feeds[name]];
      // A symbol is a number of past steps.
      const dims = [rows, ...shape.slice(1).map((size) => (typeof size === "number" ? size : 0))];
      const initial = parameters.get(`${name}/initial`)?.data ?? [0];
      const size = dims.reduce((product, dim) => product * dim, 1);
      if (dtype === "int64") return [name, new Tensor("int64", new BigInt64Array(size), dims)];
      const data = Float32Array.from({ length: size }, (_, index) => initial[index % initial.length]);
      return [name, new Tensor("float32", data, dims)];
    });
  return Object.fromEntries(states);
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
