/**
 * Times one training step of embedding → LSTM layers → projection → mean cross-entropy → Adam, compiled by rnnx, on the CPU.
 *
 *     node bench/step.mjs --layers 2 --hidden 128 --batch 50 --time 50 --vocabulary 65 --steps 8 [--threads 2] [--calls 5]
 *
 * `steps` is the number of steps in one call of the session; the median is over the calls, after two that are not counted.
 */
import { parseArgs } from "node:util";

const names = ["layers", "hidden", "batch", "time", "vocabulary", "steps"];
const { values } = parseArgs({
  options: {
    ...Object.fromEntries(names.map((name) => [name, { type: "string" }])),
    threads: { type: "string", default: "2" },
    calls: { type: "string", default: "5" },
    cell: { type: "string", default: "lstm" },
    without: { type: "string", multiple: true, default: [] },
    profile: { type: "string" },
  },
});
for (const name of names) if (values[name] === undefined) throw new Error(`--${name} is needed`);
const { layers, hidden, batch, time, vocabulary, steps } = Object.fromEntries(
  names.map((name) => [name, Number(values[name])]),
);
const WARM_UP = 2;

const { compile } = await import("../dist/compiler/compile.js");
const { readSpec } = await import("../dist/schema/read.js");
const { InferenceSession, Tensor } = await import("onnxruntime-node");

const spec = {
  name: "bench",
  data: { type: "text", text: "ab".repeat(time), window: time },
  model: [
    { layer: "embedding", vocabulary_size: vocabulary, size: hidden },
    { layer: "rnn", cell: values.cell, hidden_size: hidden, layers },
    { layer: "projection", size: vocabulary },
  ],
  loss: { type: "cross_entropy" },
  optimizer: { type: "adam", learning_rate: 0.001 },
  train: { steps },
};
const read = await readSpec(JSON.stringify(spec), { file: "bench.json" });
if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
const ids = { dtype: "int32", shape: ["batch", "time"] };
const signature = { inputs: ids, targets: ids, sizes: { vocabulary }, expected: { batch, time } };
const started = performance.now();
const compiled = await compile(read.spec, signature, { without: values.without });
if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join("\n"));
const { train, manifest } = compiled.artifact;
const compileTime = performance.now() - started;
const session = await InferenceSession.create(train, {
  intraOpNumThreads: Number(values.threads),
  interOpNumThreads: 1,
  ...(values.profile && { enableProfiling: true, profileFilePrefix: values.profile }),
});

const sizes = { steps, batch, time };
const feeds = Object.fromEntries(
  manifest.train.inputs.map(({ name, role, dtype, shape }) => {
    const dims = shape.map((dim) => sizes[dim] ?? dim);
    const count = dims.reduce((product, size) => product * size, 1);
    if (role === "step") return [name, new Tensor("int64", [0n], [])];
    if (dtype === "int32")
      return [
        name,
        new Tensor(
          dtype,
          Int32Array.from({ length: count }, (_, i) => (i * 7919) % vocabulary),
          dims,
        ),
      ];
    const scale = role === "parameter" ? 0.1 : 0;
    return [
      name,
      new Tensor(
        "float32",
        Float32Array.from({ length: count }, (_, i) => scale * Math.sin(i)),
        dims,
      ),
    ];
  }),
);
const perStep = [];
for (let call = 0; call < WARM_UP + Number(values.calls); call++) {
  const start = performance.now();
  await session.run(feeds);
  perStep.push((performance.now() - start) / steps);
}
const counted = perStep.slice(WARM_UP).sort((a, b) => a - b);
console.log(
  JSON.stringify({
    peer: `rnnx ${manifest.rnnx}`,
    ...{ layers, hidden, batch, time, vocabulary, steps },
    median_ms: Number(counted[Math.floor(counted.length / 2)].toFixed(4)),
    compile_ms: Math.round(compileTime),
  }),
);
if (values.profile) session.endProfiling();
