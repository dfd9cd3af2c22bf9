/** The model that is timed, as a spec and as what a session of its training step is fed. */
import { readFileSync } from "node:fs";
import { models, valueAt } from "./models.mjs";

/** The standard configurations. */
export const configurations = JSON.parse(readFileSync(new URL("configurations.json", import.meta.url), "utf8"));

/** The sizes of a model and of its calls, as flags that are needed. */
export const sizeFlags = {
  layers: Number,
  hidden: Number,
  batch: Number,
  time: Number,
  vocabulary: Number,
  steps: Number,
};

/** The sizes among all flags. */
export const sizesOf = (values) => Object.fromEntries(Object.keys(sizeFlags).map((name) => [name, values[name]]));

/** The name of a cell of one's own with the equations of the built-in LSTM. */
export const OWN_LSTM = "own_lstm";

function ownCells() {
  const { $schema: _, ...lstm } = JSON.parse(
    readFileSync(new URL("../specs/cells/lstm.json", import.meta.url), "utf8"),
  );
  return { [OWN_LSTM]: lstm };
}

/** Embedding → recurrent layers → projection → mean cross-entropy → Adam; or a transformer. */
export function specOf({ model = "rnn", cell = "lstm", heads = 0, loss = { type: "cross_entropy" }, ...sizes }) {
  const { layers, hidden, time, vocabulary, steps } = sizes;
  if (model === "transformer") return transformerOf(sizes);
  if (models[model] !== undefined) {
    const { signature: _, ...members } = models[model](sizes);
    return { name: "bench", ...members, optimizer: { type: "adam", learning_rate: 0.001 }, train: { steps } };
  }
  return {
    name: "bench",
    ...(cell === OWN_LSTM && { cells: ownCells() }),
    data: { type: "text", text: "ab".repeat(time), window: time },
    model: [
      { layer: "embedding", vocabulary_size: vocabulary, size: hidden },
      { layer: "rnn", cell, hidden_size: hidden, layers, ...(heads > 0 && { heads }) },
      { layer: "projection", size: vocabulary },
    ],
    loss,
    optimizer: { type: "adam", learning_rate: 0.001 },
    train: { steps },
  };
}

/** A causal transformer of 4 heads: pre-norm, learned positions, gelu, clipping, AdamW. */
function transformerOf({ layers, hidden, time, vocabulary, steps }) {
  const norm = { layer: "layer_norm" };
  const attention = [norm, { layer: "attention", heads: 4, causal: true }];
  const dense = [norm, { layer: "dense", size: 4 * hidden, activation: "gelu" }, { layer: "dense", size: hidden }];
  return {
    name: "bench",
    data: { type: "text", text: "ab".repeat(time), window: time },
    model: [
      { layer: "embedding", vocabulary_size: vocabulary, size: hidden },
      { layer: "position", type: "learned", length: time },
      {
        block: [
          { block: attention, residual: true },
          { block: dense, residual: true },
        ],
        repeat: layers,
        name: "transformer",
      },
      norm,
      { layer: "projection", size: vocabulary },
    ],
    loss: { type: "cross_entropy" },
    optimizer: { type: "adamw", learning_rate: 0.001, beta2: 0.99, weight_decay: 0.1, clip: { global_norm: 1 } },
    train: { steps },
  };
}

export function signatureOf({ model, ...sizes }) {
  if (models[model] !== undefined) return models[model](sizes).signature;
  const { batch, time, vocabulary } = sizes;
  const ids = { dtype: "int32", shape: ["batch", "time"] };
  return { inputs: ids, targets: ids, sizes: { vocabulary }, steps: time, expected: { batch, time } };
}

/** Small weights; slots of their initial value, which is 0 but for the scale of a float16 loss. */
export function startOf({ manifest: { parameters, slots } }) {
  const filled = (tensors, value) =>
    new Map(
      tensors.map(({ name, shape, initializer }) => [
        name,
        { shape, data: Float32Array.from({ length: product(shape) }, (_, index) => value(index, initializer)) },
      ]),
    );
  return {
    step: 0,
    parameters: filled(parameters, (index) => 0.1 * Math.sin(index)),
    slots: filled(slots, (_, { value }) => value),
    states: new Map(),
  };
}

/** The batches of a call: ids all over the vocabulary, and lengths. */
export function batchOf({ manifest }, { model, ...sizes }) {
  const { steps, batch, time } = sizes;
  const data = manifest.train.inputs.filter(({ role }) => role === "data");
  return new Map(
    data.map((port) => {
      const shape = [steps * batch, ...(port.shape.length > 2 ? [time] : [])];
      const array = port.dtype === "int64" ? BigInt64Array : Int32Array;
      const values = array.from({ length: product(shape) }, (_, index) => valueAt(port, index, sizes, model));
      return [port.name, { dtype: port.dtype, shape, data: values }];
    }),
  );
}

/** Feeds of a session. */
export function feedsOf({ manifest }, sizes, Tensor) {
  const { parameters, slots } = startOf({ manifest });
  const { steps, batch } = sizes;
  const rows = batchOf({ manifest }, sizes);
  const fed = ({ name, role, dtype }) => {
    if (role === "step") return [name, new Tensor("int64", [0n], [])];
    if (role === "data") {
      const { data, shape } = rows.get(name);
      return [name, new Tensor(dtype, data, [steps, batch, ...shape.slice(1)])];
    }
    const { shape, data } = (role === "slot" ? slots : parameters).get(name);
    return [name, new Tensor("float32", data, shape)];
  };
  return Object.fromEntries(manifest.train.inputs.map(fed));
}

function product(shape) {
  return shape.reduce((sum, size) => sum * size, 1);
}
