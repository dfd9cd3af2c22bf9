/**
 * The rate of ONNX Runtime's MatMul on the shapes that a configuration's recurrent layers multiply: what a step made of such
 * products alone could reach.
 *
 *     node bench/matmul.mjs --hidden 512 --batch 50 --time 50 [--gates 4] [--threads 2]
 */
import { parseArgs } from "node:util";

const option = (name) => [name, { type: "string" }];
const { values } = parseArgs({
  options: {
    ...Object.fromEntries(["layers", "hidden", "batch", "time", "vocabulary", "steps"].map(option)),
    gates: { type: "string", default: "4" },
    threads: { type: "string", default: "2" },
  },
});
const [hidden, batch, time, gates] = ["hidden", "batch", "time", "gates"].map((name) => Number(values[name]));
const wide = gates * hidden;
/** A step of the recurrence, the inputs of all steps, the gradient of a weight: [rows, inner, columns]. */
const shapes = {
  recurrence: [batch, hidden, wide],
  "recurrence, feature-major": [wide, hidden, batch],
  inputs: [batch * time, hidden, wide],
  weight_gradient: [hidden, batch * time, wide],
};
/** About this much work is timed in each of several rounds. */
const ROUND_FLOPS = 4e9;
const ROUNDS = 5;

const { InferenceSession, Tensor } = await import("onnxruntime-node");
const { default: pkg } = await import("onnx-proto");
const { onnx } = pkg;
const FLOAT = onnx.TensorProto.DataType.FLOAT;
const port = (name, dims) => ({
  name,
  type: { tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});

async function rate([rows, inner, columns]) {
  const model = onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 18 }],
    graph: {
      name: "matmul",
      input: [port("a", [rows, inner]), port("b", [inner, columns])],
      output: [port("c", [rows, columns])],
      node: [{ opType: "MatMul", input: ["a", "b"], output: ["c"] }],
    },
  }).finish();
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: Number(values.threads),
    logSeverityLevel: 3,
  });
  const filled = (dims) => new Tensor("float32", new Float32Array(dims[0] * dims[1]).fill(0.5), dims);
  const feeds = { a: filled([rows, inner]), b: filled([inner, columns]) };
  const flops = 2 * rows * inner * columns;
  const repeats = Math.max(1, Math.round(ROUND_FLOPS / ROUNDS / flops));
  let best = 0;
  for (let round = 0; round < ROUNDS + 1; round++) {
    const start = performance.now();
    for (let i = 0; i < Math.min(repeats, 2000); i++) await session.run(feeds);
    const gflops = (flops * Math.min(repeats, 2000)) / (performance.now() - start) / 1e6;
    if (round > 0) best = Math.max(best, gflops);
  }
  await session.release();
  return Number(best.toFixed(3));
}

const rates = {};
for (const [name, shape] of Object.entries(shapes)) rates[name] = await rate(shape);
console.log(JSON.stringify({ rates, peak_gflops: Math.max(...Object.values(rates)) }));
