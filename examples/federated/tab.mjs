/** Trains a step of `rnnx grad` or `rnnx compile` on the rows of one tab, and averages the weights with the other tabs. */
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { readSafetensors, writeSafetensors } from "../train-anywhere/safetensors.mjs";

/** The file of this tab's rows, the rounds, and the steps of a round: each on all rows. */
const options = new URLSearchParams(location.search);
const [rounds, steps] = [Number(options.get("rounds") ?? 5), Number(options.get("steps") ?? 4)];

env.wasm.numThreads = 1;
/** @param {string} file */
const read = async (file) => readSafetensors(await (await fetch(file)).arrayBuffer()).tensors;
const manifest = await (await fetch("manifest.json")).json();
const [initial, rows] = [await read("initial.safetensors"), await read(options.get("rows") ?? "rows-1.safetensors")];
const session = await InferenceSession.create("train.onnx");
const output = /** @type {HTMLPreElement} */ (document.querySelector("#losses"));

/** The same rows for every step of a call. @param {Tensor} tensor */
function repeated({ type, data, dims }) {
  const copies = /** @type {typeof Float32Array} */ (data.constructor).from(
    Array.from({ length: steps }, () => [.../** @type {Float32Array} */ (data)]).flat(),
  );
  return new Tensor(/** @type {"float32"} */ (type), copies, [steps, ...dims]);
}

const batch = new Map([...rows].map(([name, tensor]) => [name, repeated(tensor)]));
const count = [...rows.values()][0]?.dims[0];
let weights = new Map(manifest.parameters.map(({ name = "" }) => [name, initial.get(name)]));
for (let round = 1; round <= rounds; round++) {
  // Optimizer state starts anew with the average.
  const state = new Map([...initial, ...weights, ...batch]);
  state.set("step", new Tensor("int64", BigInt64Array.of(0n), []));
  state.set("rate_scale", new Tensor("float32", Float32Array.of(1), []));
  const feeds = Object.fromEntries(manifest.train.inputs.map(({ name = "" }) => [name, state.get(name)]));
  const results = await session.run(feeds);
  const trained = new Map([...weights].map(([name, tensor]) => [name, results[`next/${name}`] ?? tensor]));
  const losses = Array.from(/** @type {Float32Array} */ (results.loss?.data));
  output.textContent += `${JSON.stringify({ round, losses })}\n`;
  const body = writeSafetensors(trained);
  const response = await fetch(`rounds/${round}?rows=${count}`, { method: "POST", body });
  weights = readSafetensors(await response.arrayBuffer()).tensors;
}
const href = URL.createObjectURL(writeSafetensors(weights));
document.body.append(
  Object.assign(document.createElement("a"), { href, download: "trained.safetensors", text: "weights" }),
);
output.dataset.done = "true";
