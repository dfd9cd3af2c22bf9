/**
 * Times inference of an exported model on the CPU: one token after another with kept states (`stream`, the step form), or
 * whole sequences (`sequence`). The model is embedding, recurrent layers, projection and softmax.
 *
 *     node bench/infer.mjs --model stream --layers 2 --hidden 128 --batch 1 --time 1 --vocabulary 65 --steps 200
 *     node bench/infer.mjs --model sequence --layers 2 --hidden 128 --batch 64 --time 50 --vocabulary 65 --steps 20
 *
 * The median is over the steps, after some that are not counted.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { exportModel, readSpec, train } from "../dist/index.js";
import { ortSessionOptions } from "../dist/runtime/sessions/session.js";
import { flagsOf } from "../scripts/flags.mjs";
import { median } from "./spawn.mjs";
import { sizeFlags, sizesOf, specOf } from "./workloads.mjs";

const values = flagsOf(import.meta.filename, { ...sizeFlags, threads: 2, model: "sequence", cell: "lstm" });
const { model, cell, threads } = values;
const sizes = sizesOf(values);
const { batch, time, vocabulary, steps } = sizes;
const WARM_UP = 10;

const folder = mkdtempSync(join(tmpdir(), "rnnx-infer-"));
const text = String.fromCharCode(...Array.from({ length: 3 * vocabulary }, (_, index) => 33 + (index % vocabulary)));
const spec = specOf({ ...sizes, cell, steps: 1 });
const read = await readSpec(
  JSON.stringify({
    ...spec,
    data: { type: "text", text, window: 2 },
    loss: { type: "sequence_loss" },
    train: { steps: 1, batch_size: 2 },
  }),
  { file: "bench.json" },
);
if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
const trained = await train({ spec: read.spec, out: join(folder, "run"), device: "cpu" });
if (!trained.ok) throw new Error(JSON.stringify(trained.error));
const file = join(folder, "model.onnx");
const exported = await exportModel({ run: join(folder, "run"), out: file, form: model === "stream" ? "step" : model });
if (!exported.ok) throw new Error(JSON.stringify(exported.error));
// The threads are those of the measurement, not those by the size of the model.
const session = await InferenceSession.create(
  file,
  ortSessionOptions("cpu", threads > 1 ? Number.POSITIVE_INFINITY : 0, { requestedThreads: threads }),
);
rmSync(folder, { recursive: true });

const rows = model === "stream" ? [batch] : [batch, time];
const count = rows.reduce((product, size) => product * size, 1);
const ids = Int32Array.from({ length: count }, (_, index) => (index * 7919) % vocabulary);
let feeds = { inputs: new Tensor("int32", ids, rows) };
for (const { name, shape } of session.inputMetadata.filter(({ name: each }) => each !== "inputs")) {
  const dims = shape.map((size, axis) => (axis === 0 ? batch : size));
  feeds[name] = new Tensor("float32", new Float32Array(dims.reduce((product, size) => product * size, 1)), dims);
}
const fetched = session.outputNames.filter((name) => name === "probabilities" || name.startsWith("next/"));
const taken = [];
for (let step = 0; step < WARM_UP + steps; step++) {
  const start = performance.now();
  const outputs = await session.run(feeds, fetched);
  taken.push(performance.now() - start);
  const next = Object.entries(outputs).flatMap(([name, tensor]) => {
    const state = name.replace(/^next\//, "");
    return state !== name && state in feeds ? [[state, tensor]] : [];
  });
  feeds = { ...feeds, ...Object.fromEntries(next) };
}
console.log(
  JSON.stringify({
    framework: "rnnx",
    ...sizes,
    median_ms: Number(median(taken.slice(WARM_UP)).toFixed(4)),
    states: session.inputNames.length - 1,
    peak_mib: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
