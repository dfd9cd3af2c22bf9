/**
 * Trains specs on CUDA with the built library and the provider of RNNX_CUDA_PROVIDER, and counts the calls of a step on its
 * pretended device. Arguments: {"spec": FILE, "precision": …} each. Standard output: one JSON line each, with the calls of a
 * step by name, the kernels and copies on the device of a step that is not captured, and their estimate; or the error.
 */
import { mkdtempSync, readFileSync, rmSync, writeSync } from "node:fs";
import Module, { createRequire, register } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const provider = createRequire(join(process.env.RNNX_CUDA_PROVIDER ?? ".", "package.json"));
const ort = pathToFileURL(provider.resolve("onnxruntime-node")).href;
const hooks = `export const resolve = (name, context, next) =>
  name === "onnxruntime-node" ? { url: ${JSON.stringify(ort)}, format: "commonjs", shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const manifest = provider.resolve("onnxruntime-node/package.json");
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) =>
  name === "onnxruntime-node/package.json" ? manifest : resolveFilename.call(Module, name, ...rest);

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { readSpecFile } = await built("schema/read.js");
const { runTraining } = await built("runtime/training/loop.js");
const { compile } = await built("compiler/compile.js");
const { readNodes } = await built("compiler/onnx/read/nodes.js");
const { cudaKernels } = await built("compiler/portability/cuda-kernels.js");
const { openData } = await built("runtime/data/index.js");
const { resolveClassWeights } = await built("runtime/training/class-weights.js");
const { resolveBatchSize } = await built("runtime/memory/batch-size.js");
const { openCudaDevice } = await built("runtime/sessions/native/cuda-graph.js");
const { Tensor } = await import("onnxruntime-common");
const { default: koffi } = await import("koffi");
const runtime = koffi.load("libcudart.so.13");
const print = runtime.func("void shim_print(void *)");
const reset = runtime.func("void shim_reset(void)");
const libc = koffi.load(null);
const [open, close] = [libc.func("void *fopen(const char *, const char *)"), libc.func("int fclose(void *)")];
const out = mkdtempSync(join(tmpdir(), "rnnx-cuda-"));

/** Calls of the device since the last reset. */
function calls() {
  const file = join(out, "calls");
  const stream = open(file, "w");
  print(stream);
  close(stream);
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.replace(/ \d+$/, ""), Number(/\d+$/.exec(line))]));
}

async function train(spec, file, steps) {
  const folder = join(out, `${steps}`);
  rmSync(folder, { recursive: true, force: true });
  const notices = [];
  const request = {
    spec,
    folder: dirname(file),
    out: folder,
    device: "cuda",
    resume: false,
    init: null,
    disabledPasses: [],
  };
  request.spec = { ...spec, train: { ...spec.train, steps, epochs: null, sample: null } };
  reset();
  const outcome = await runTraining(request, {
    emit: (events) => notices.push(...events.filter(({ event }) => event === "notice").map(({ message }) => message)),
    shouldStop: () => false,
  });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return { notices, calls: calls() };
}

const arrays = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array, bool: Uint8Array };
const onDevice = /^(kernel launch|cudaMemsetAsync|copy device-device|cublasSge\w+|cudnnReduceTensor)$/;

/** Kernels and copies of a step that is not captured, and their estimate. */
async function kernelsOf(spec, file) {
  const opened = await openData(spec, dirname(file));
  if (!opened.ok) return null;
  const weighted = resolveClassWeights(spec, opened.value);
  if (!weighted.ok) throw new Error("the class weights are wrong");
  const resolved = (await resolveBatchSize(weighted.value.spec, opened.value)).spec;
  const signature = opened.value.signature(resolved.train);
  const { artifact, models } = await compile(resolved, signature, { target: "cuda" });
  const sizes = new Map(Object.entries({ ...signature.expected, steps: 1 }));
  const specialized = await models.train(sizes);
  const ports = artifact.manifest.train;
  const device = await openCudaDevice(ports);
  const step = device.open({ ...specialized, isCapturable: false }, sizes);
  const feeds = ports.inputs.map(({ name, dtype, shape }) => {
    const dims = shape.map((dim) => (typeof dim === "number" ? dim : sizes.get(dim)));
    return [name, new Tensor(dtype, new arrays[dtype](dims.reduce((product, size) => product * size, 1)), dims)];
  });
  await step.run(Object.fromEntries(feeds));
  reset();
  await step.run(Object.fromEntries(feeds));
  const counts = Object.entries(calls()).filter(([name]) => onDevice.test(name));
  await step.release();
  device.release();
  return {
    kernels: counts.reduce((sum, [, count]) => sum + count, 0),
    estimate: cudaKernels(readNodes(specialized.model)),
  };
}

for (const argument of process.argv.slice(2)) {
  const { spec: file, precision } = JSON.parse(argument);
  const result = { spec: file };
  try {
    const { ok, spec } = await readSpecFile(file);
    if (!ok) throw new Error("the spec is wrong");
    const precise = { ...spec, train: { ...spec.train, precision } };
    const kernels = await kernelsOf(precise, file);
    // Its data is not here.
    if (kernels === null) continue;
    Object.assign(result, kernels);
    const few = await train(precise, file, 2);
    result.notices = few.notices;
    const more = await train(precise, file, 6);
    result.calls = Object.fromEntries(
      Object.entries(more.calls).map(([name, count]) => [name, (count - (few.calls[name] ?? 0)) / 4]),
    );
  } catch (error) {
    result.error = String(error.message);
  }
  writeSync(1, `${JSON.stringify(result)}\n`);
}
rmSync(out, { recursive: true });
process.exit(0);
