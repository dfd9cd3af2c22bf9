/** The model that is timed, as a spec and as what a session of its training step is fed. */
import { readFileSync } from "node:fs";

export const sizeNames = ["layers", "hidden", "batch", "time", "vocabulary", "steps"];

/** The name of a cell of one's own with the equations of the built-in LSTM. */
export const OWN_LSTM = "own_lstm";

function ownCells() {
  const { $schema: _, ...lstm } = JSON.parse(
    readFileSync(new URL("../specs/cells/lstm.json", import.meta.url), "utf8"),
  );
  return { [OWN_LSTM]: lstm };
}

/** Embedding → recurrent layers → projection → mean cross-entropy → Adam. */
export function specOf({ layers, hidden, time, vocabulary, steps, cell = "lstm", loss = { type: "cross_entropy" } }) {
  return {
    name: "bench",
    ...(cell === OWN_LSTM && { cells: ownCells() }),
    data: { type: "text", text: "ab".repeat(time), window: time },
    model: [
      { layer: "embedding", vocabulary_size: vocabulary, size: hidden },
      { layer: "rnn", cell, hidden_size: hidden, layers },
      { layer: "projection", size: vocabulary },
    ],
    loss,
    optimizer: { type: "adam", learning_rate: 0.001 },
    train: { steps },
  };
}

export function signatureOf({ batch, time, vocabulary }) {
  const ids = { dtype: "int32", shape: ["batch", "time"] };
  return { inputs: ids, targets: ids, sizes: { vocabulary }, expected: { batch, time } };
}

/** Small weights, slots of zero, ids all over the vocabulary. */
export function feedsOf({ manifest }, { steps, batch, time, vocabulary }, Tensor) {
  const sizes = { steps, batch, time };
  const filled = ({ name, role, dtype, shape }) => {
    const dims = shape.map((dim) => sizes[dim] ?? dim);
    const count = dims.reduce((product, size) => product * size, 1);
    if (role === "step") return [name, new Tensor("int64", [0n], [])];
    if (dtype === "int32") {
      const ids = Int32Array.from({ length: count }, (_, index) => (index * 7919) % vocabulary);
      return [name, new Tensor(dtype, ids, dims)];
    }
    const scale = role === "parameter" ? 0.1 : 0;
    const data = Float32Array.from({ length: count }, (_, index) => scale * Math.sin(index));
    return [name, new Tensor("float32", data, dims)];
  };
  return Object.fromEntries(manifest.train.inputs.map(filled));
}
