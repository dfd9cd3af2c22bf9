/** Trains a model that rnnx compiled, in a page, with onnxruntime-web alone. */
import { env, InferenceSession, Tensor } from "onnxruntime-web";

env.wasm.numThreads = 1;
const arrays = { F32: Float32Array, I32: Int32Array, I64: BigInt64Array };
const types = /** @type {const} */ ({ F32: "float32", I32: "int32", I64: "int64" });

/** @param {string} file */
async function readSafetensors(file) {
  const bytes = await (await fetch(file)).arrayBuffer();
  const start = 8 + Number(new DataView(bytes).getBigUint64(0, true));
  const { __metadata__: metadata = {}, ...header } = JSON.parse(new TextDecoder().decode(bytes.slice(8, start)));
  const tensors = new Map();
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [begin, end],
    },
  ] of Object.entries(header)) {
    const key = /** @type {keyof typeof arrays} */ (dtype);
    tensors.set(name, new Tensor(types[key], new arrays[key](bytes.slice(start + begin, start + end)), shape));
  }
  return { tensors, metadata };
}

const manifest = await (await fetch("manifest.json")).json();
const { tensors: state } = await readSafetensors("initial.safetensors");
const { tensors: batches, metadata } = await readSafetensors("batches.safetensors");
const resets = metadata.reset_states.split(",");
const session = await InferenceSession.create("train.onnx");
const losses = /** @type {HTMLPreElement} */ (document.querySelector("#losses"));

state.set("step", new Tensor("int64", BigInt64Array.of(0n), []));
state.set("rate_scale", new Tensor("float32", Float32Array.of(1), []));
for (let step = 1; step <= Number(metadata.steps); step++) {
  for (const { name, role, shape } of manifest.train.inputs) {
    if (role === "data") state.set(name, batches.get(`${step}/${name}`));
    if (role !== "state" || (step > 1 && !resets.includes(`${step}`))) continue;
    const rows = batches.get([...batches.keys()].find((key) => key.startsWith(`${step}/`))).dims[1];
    const sizes = shape.map((/** @type {number | string} */ size) => (size === "batch" ? rows : size));
    const count = sizes.reduce((/** @type {number} */ product, /** @type {number} */ size) => product * size, 1);
    state.set(name, new Tensor("float32", new Float32Array(count), sizes));
  }
  const feeds = Object.fromEntries(manifest.train.inputs.map(({ name = "" }) => [name, state.get(name)]));
  const outputs = await session.run(feeds);
  for (const [name, tensor] of Object.entries(outputs))
    if (name.startsWith("next/")) state.set(name.slice("next/".length), tensor);
  losses.textContent += `${JSON.stringify({ step, loss: outputs.loss?.data[0] })}\n`;
}
losses.dataset.done = "true";
