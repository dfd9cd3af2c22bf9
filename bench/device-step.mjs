/**
 * Times one training step on CUDA or WebGPU, in a process of its own: a step per call, as in a training, with the parameters on the device.
 *
 *     node bench/device-step.mjs --layers 2 --hidden 128 --batch 50 --time 50 --vocabulary 65 --steps 1 --device cuda [--calls 20]
 *     … --model transformer --precision float16      another model, in mixed precision
 *     … --uncaptured                                 on CUDA kernel by kernel, without a graph
 *     … --compile-only                               what can be counted without a device
 *
 * The median is over the calls, after three that are not counted: kernels are compiled and captured in the first.
 */
import { flagsOf } from "../scripts/flags.mjs";
import { batchOf, signatureOf, sizeFlags, sizesOf, specOf, startOf } from "./workloads.mjs";

const values = flagsOf(import.meta.filename, {
  ...sizeFlags,
  calls: 20,
  device: "webgpu",
  model: "rnn",
  cell: "lstm",
  precision: "float32",
  uncaptured: false,
  "compile-only": false,
});
const { device, model, precision } = values;
const sizes = sizesOf(values);
const WARM_UP = 3;

const { compile } = await import("../dist/compiler/compile.js");
const { readNodes } = await import("../dist/compiler/onnx/read/nodes.js");
const { cudaKernels } = await import("../dist/compiler/portability/cuda-kernels.js");
const { openBackend } = await import("../dist/runtime/sessions/backend.js");
const { estimateWorkPerSync } = await import("../dist/runtime/sessions/session.js");
const { isTf32Allowed } = await import("../dist/runtime/sessions/tf32.js");
const { createTrainer } = await import("../dist/runtime/training/trainer.js");
const { readSpec } = await import("../dist/schema/read.js");

/** The scale of PyTorch's side, at which no step is skipped. */
const FLOAT16 = { type: "float16", loss_scale: { initial: 1024, growth_interval: 2000 } };
const spec = specOf({ ...sizes, model, cell: values.cell });
const read = await readSpec(
  JSON.stringify({ ...spec, train: { ...spec.train, precision: precision === "float16" ? FLOAT16 : precision } }),
  { file: "bench.json" },
);
if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));

let start = performance.now();
const took = () => {
  const from = start;
  start = performance.now();
  return Math.round(start - from);
};
const signature = signatureOf({ ...sizes, model });
const compiled = await compile(read.spec, signature, { target: device });
if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join("\n"));
const { artifact, models } = compiled;
const { manifest } = artifact;
const specialized = await models.train(new Map(Object.entries(sizes)));
const compile_ms = took();
const line = {
  framework: `rnnx ${manifest.rnnx}, ${device}`,
  ...sizes,
  model,
  precision,
  parameters: manifest.parameters.reduce((sum, { shape }) => sum + shape.reduce((count, size) => count * size, 1), 0),
  is_captured: device === "cuda" && specialized.isCapturable && !values.uncaptured,
  // Both are of CUDA alone.
  ...(device === "cuda" && { kernels: cudaKernels(readNodes(specialized.model)), tf32: isTf32Allowed() }),
  compile_ms,
  bytes: specialized.model.length,
};

async function time() {
  const workPerSync = estimateWorkPerSync(manifest.parameters, sizes.batch);
  const train = async (symbols) => ({
    ...(await models.train(symbols)),
    ...(values.uncaptured && { isCapturable: false }),
  });
  const options = { artifact, models: { ...models, train }, workPerSync, threads: undefined, timeSteps: sizes.time };
  const batch = batchOf({ manifest }, { ...sizes, model });
  start = performance.now();
  const opened = await openBackend(device, options, () => batchOf({ manifest }, { ...sizes, model, steps: 1 }));
  if (!opened.ok) throw new Error(opened.error.message);
  const { training, notice, takeNotices, fetchTensors } = opened.value;
  const session_ms = took();
  const stored = { parameter: manifest.parameters, slot: manifest.slots };
  const first = startOf({ manifest });
  const trainer = createTrainer(training, manifest.train, stored, first, sizes.batch, () => batch, fetchTensors);
  const perStep = [];
  const losses = [];
  for (let call = 0; call < WARM_UP + values.calls; call++) {
    const begun = performance.now();
    const result = await trainer.runSteps(1 + call * sizes.steps, sizes.steps, 1);
    perStep.push((performance.now() - begun) / sizes.steps);
    losses.push(...result.losses);
  }
  const counted = perStep.slice(WARM_UP).sort((a, b) => a - b);
  return {
    median_ms: Number(counted[Math.floor(counted.length / 2)].toFixed(3)),
    first_ms: Math.round(perStep[0]),
    session_ms,
    losses: [losses[0], losses.at(-1)],
    notices: [notice, ...(takeNotices?.() ?? [])].filter((text) => text !== ""),
  };
}

console.log(JSON.stringify({ ...line, ...(!values.compileOnly && (await time())) }));
