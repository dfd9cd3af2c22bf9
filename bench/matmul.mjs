/**
 * Rate of ONNX Runtime's MatMul for the shapes of a training step, each called alone: the upper bound of a step's rate.
 *
 *     node bench/matmul.mjs --product 50,512,2048 --product 2500,512,2048 [--threads 2]
 */
import { flagsOf } from "../scripts/flags.mjs";

const values = flagsOf(import.meta.filename, {
  product: [],
  threads: 2,
});
/** Rows, inner size, columns. */
const shapes = values.product.map((product) => product.split(",").map(Number));
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
      // One row is fetched: inside a training step no product is copied out of the session.
      output: [port("row", [columns])],
      node: [
        { opType: "MatMul", input: ["a", "b"], output: ["c"] },
        { opType: "Gather", input: ["c", "first"], output: ["row"] },
      ],
      initializer: [{ name: "first", dataType: onnx.TensorProto.DataType.INT64, dims: [], int64Data: [0] }],
    },
  }).finish();
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: values.threads,
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
for (const shape of shapes) rates[shape.join()] = await rate(shape);
console.log(JSON.stringify({ rates }));
