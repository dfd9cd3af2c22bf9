/**
 * Times one training step on WebGPU, in a process of its own; what goes around stays on the device, as it does in a training.
 *
 *     node bench/webgpu.mjs --layers 2 --hidden 128 --batch 50 --time 50 --vocabulary 65 --steps 1 [--calls 20]
 *
 * The median is over the calls, after three that are not counted: shaders are compiled in the first.
 */
import { flagsOf } from "../scripts/flags.mjs";
import { feedsOf, signatureOf, sizeFlags, sizesOf, specOf } from "./workloads.mjs";

const values = flagsOf(import.meta.filename, {
  ...sizeFlags,
  calls: 20,
  cell: "lstm",
});
const sizes = sizesOf(values);
const WARM_UP = 3;

const { compile } = await import("../dist/compiler/compile.js");
const { openSession } = await import("../dist/runtime/sessions/session.js");
const { readSpec } = await import("../dist/schema/read.js");
const { Tensor } = await import("onnxruntime-node");

const read = await readSpec(JSON.stringify(specOf({ ...sizes, cell: values.cell })), { file: "bench.json" });
if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
const compiled = await compile(read.spec, signatureOf(sizes), { target: "webgpu" });
if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join("\n"));
const { manifest } = compiled.artifact;

let start = performance.now();
const took = () => {
  const from = start;
  start = performance.now();
  return Math.round(start - from);
};
const { model, hostOutputs } = await compiled.models.train(new Map(Object.entries({ ...sizes, steps: sizes.steps })));
const compile_ms = took();
const staying = manifest.train.outputs
  .filter(({ role }) => ["parameter", "slot"].includes(role))
  .map(({ name }) => name);
const opened = await openSession(model, "webgpu", Number.POSITIVE_INFINITY, { deviceOutputs: staying });
if (!opened.ok) throw new Error(opened.error.message);
const session_ms = took();

let feeds = Object.fromEntries(
  Object.entries(feedsOf({ manifest }, sizes, Tensor)).map(([name, tensor]) => [
    name,
    tensor.type === "int64" ? new Tensor("int32", Int32Array.from(tensor.data, Number), tensor.dims) : tensor,
  ]),
);
if (hostOutputs[0].name !== "loss") throw new Error("The host outputs do not begin with the loss.");
const perStep = [];
const losses = [];
for (let call = 0; call < WARM_UP + values.calls; call++) {
  const begun = performance.now();
  const outputs = await opened.value.session.run(feeds);
  perStep.push((performance.now() - begun) / sizes.steps);
  losses.push(outputs.report.data[0]);
  const next = Object.entries(outputs).filter(([name]) => name.startsWith("next/"));
  const carried = Object.fromEntries(next.map(([name, tensor]) => [name.slice("next/".length), tensor]));
  for (const name of Object.keys(carried)) if (feeds[name].location === "gpu-buffer") feeds[name].dispose();
  const step = new Tensor("int32", Int32Array.of(feeds.step.data[0] + sizes.steps), []);
  feeds = { ...feeds, ...carried, step };
}
const counted = perStep.slice(WARM_UP).sort((a, b) => a - b);
console.log(
  JSON.stringify({
    framework: `rnnx ${manifest.rnnx}, webgpu`,
    ...sizes,
    median_ms: Number(counted[Math.floor(counted.length / 2)].toFixed(3)),
    first_ms: Math.round(perStep[0]),
    compile_ms,
    session_ms,
    bytes: model.length,
    losses: [losses[0], losses.at(-1)],
  }),
);
