/** Trains a model that rnnx compiled, in a page, with onnxruntime-web alone. */
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { readSafetensors, writeSafetensors } from "./safetensors.mjs";

env.wasm.numThreads = 1;
/** @param {string} file */
const read = async (file) => readSafetensors(await (await fetch(file)).arrayBuffer());

const manifest = await (await fetch("manifest.json")).json();
const { tensors: state } = await read("initial.safetensors");
const { tensors: batches, metadata } = await read("batches.safetensors");
const resets = metadata.reset_states.split(",");
const session = await InferenceSession.create("train.onnx");
const losses = /** @type {HTMLPreElement} */ (document.querySelector("#losses"));

state.set("step", new Tensor("int64", BigInt64Array.of(0n), []));
state.set("rate_scale", new Tensor("float32", Float32Array.of(1), []));
for (let step = 1; step <= Number(metadata.steps); step++) {
  for (const { name, role, shape } of manifest.train.inputs) {
    if (role === "data") state.set(name, /** @type {Tensor} */ (batches.get(`${step}/${name}`)));
    if (role !== "state" || (step > 1 && !resets.includes(`${step}`))) continue;
    const [, batch] = [...batches].find(([key]) => key.startsWith(`${step}/`)) ?? [];
    const sizes = shape.map((/** @type {number | string} */ size) => (size === "batch" ? batch?.dims[1] : size));
    const count = sizes.reduce((/** @type {number} */ product, /** @type {number} */ size) => product * size, 1);
    state.set(name, new Tensor("float32", new Float32Array(count), sizes));
  }
  const feeds = Object.fromEntries(manifest.train.inputs.map(({ name = "" }) => [name, state.get(name)]));
  const outputs = await session.run(feeds);
  for (const [name, tensor] of Object.entries(outputs))
    if (name.startsWith("next/")) state.set(name.slice("next/".length), tensor);
  losses.textContent += `${JSON.stringify({ step, loss: outputs.loss?.data[0] })}\n`;
}

const trained = manifest.parameters.map(({ name = "" }) => [name, state.get(name)]);
const href = URL.createObjectURL(writeSafetensors(new Map(trained)));
document.body.append(
  Object.assign(document.createElement("a"), { href, download: "trained.safetensors", text: "weights" }),
);
losses.dataset.done = "true";
