/**
 * Times one training step that rnnx compiles, on the CPU, in a process of its own: compilation, session start, the step, memory.
 *
 *     node bench/train-step.mjs --layers 2 --hidden 128 --batch 50 --time 50 --vocabulary 65 --steps 8 [--threads 2] [--calls 5]
 *
 * `steps` is the number of steps in one call of the session; the median is over the calls, after two that are not counted.
 */
import { flagsOf } from "../scripts/flags.mjs";
import { productsOf } from "./matmul-shapes.mjs";
import { batchOf, signatureOf, sizeFlags, sizesOf, specOf, startOf } from "./workloads.mjs";

const values = flagsOf(import.meta.filename, {
  ...sizeFlags,
  threads: 2,
  calls: 5,
  model: "rnn",
  cell: "lstm",
  samples: 0,
  heads: 0,
  recurrence: "auto",
  "disable-pass": [],
  profile: undefined,
});
const sizes = sizesOf(values);
const { steps } = sizes;
const WARM_UP = 2;

const parameterCount = (parameters) =>
  parameters.reduce((sum, { shape }) => sum + shape.reduce((count, size) => count * size, 1), 0);

const { compile, analyze } = await import("../dist/compiler/compile.js");
const { readSpec } = await import("../dist/schema/read.js");
const { openStepRunner } = await import("../dist/runtime/sessions/backend.js");
const { estimateWorkPerSync, ortSessionOptions } = await import("../dist/runtime/sessions/session.js");
const { createTrainer } = await import("../dist/runtime/training/trainer.js");

const sampled = values.samples > 0 && { loss: { type: "sampled_softmax", samples: values.samples } };
const read = await readSpec(
  JSON.stringify(specOf({ ...sizes, model: values.model, cell: values.cell, heads: values.heads, ...sampled })),
  {
    file: "bench.json",
  },
);
if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
const signature = signatureOf({ ...sizes, model: values.model });

/** Nodes of each loop body, in the order of the graph, and the number of all nodes. */
let loops = [];
let nodes = 0;
let products = [];
const countNodes = (graph) =>
  graph.nodes.reduce((sum, node) => sum + 1 + (node.op === "Scan" ? countNodes(node.attributes.body) : 0), 0);
const compiling = performance.now();
const compiled = await compile(read.spec, signature, {
  disabledPasses: values.disablePass,
  ...(values.recurrence !== "auto" && { recurrence: values.recurrence }),
  onStage(stage, graph) {
    if (stage !== "optimized") return;
    const scans = graph.nodes.filter(({ op }) => op === "Scan");
    loops = scans.map(({ attributes }) => attributes.body.nodes.filter(({ op }) => op !== "Constant").length);
    nodes = countNodes(graph);
    products = productsOf(graph, sizes);
  },
});
if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join("\n"));
const { train, manifest } = compiled.artifact;
const compile_ms = performance.now() - compiling;

const load = estimateWorkPerSync(manifest.parameters, sizes.batch);
const place = { requestedThreads: values.threads };
const starting = performance.now();
const session = values.profile
  ? await openProfiled()
  : (await openStepRunner("cpu", train, manifest.train, load, place)).value.runner;
const session_ms = performance.now() - starting;

/** A session with ONNX Runtime's profiler on. */
async function openProfiled() {
  const { InferenceSession } = await import("onnxruntime-node");
  const profiling = { enableProfiling: true, profileFilePrefix: values.profile };
  return InferenceSession.create(train, { ...ortSessionOptions("cpu", load, place), ...profiling });
}

const perStep = [];
const processorTimes = [];
const stored = { parameter: manifest.parameters, slot: manifest.slots };
const batch = batchOf({ manifest }, { ...sizes, model: values.model });
const trainer = createTrainer(session, manifest.train, stored, startOf({ manifest }), sizes.batch, () => batch);
for (let call = 0; call < WARM_UP + values.calls; call++) {
  const start = performance.now();
  const before = process.cpuUsage();
  await trainer.runSteps(1 + call * steps, steps, 1);
  perStep.push((performance.now() - start) / steps);
  const { user, system } = process.cpuUsage(before);
  processorTimes.push((user + system) / 1000 / steps);
}
const medianOf = (times) => times.slice(WARM_UP).sort((a, b) => a - b)[Math.floor((times.length - WARM_UP) / 2)];
const median_ms = medianOf(perStep);
const peak_mib = process.resourceUsage().maxRSS / 1024;
const flops = values.samples > 0 ? null : analyze(read.spec, signature).analysis.flops.step;
const rounded = (value, digits = 0) => Number(value.toFixed(digits));
console.log(
  JSON.stringify({
    framework: `rnnx ${manifest.rnnx}`,
    ...sizes,
    ...(values.model === "rnn" ? { cell: values.cell } : { model: values.model }),
    parameters: parameterCount(manifest.parameters),
    median_ms: rounded(median_ms, 4),
    median_cpu_ms: rounded(medianOf(processorTimes), 4),
    compile_ms: rounded(compile_ms),
    session_ms: rounded(session_ms),
    nodes,
    nodes_per_loop_step: loops,
    peak_mib: rounded(peak_mib),
    products,
    ...(flops !== null && { flops, gflops: rounded(flops / median_ms / 1e6, 1) }),
  }),
);
if (values.profile) session.endProfiling();
