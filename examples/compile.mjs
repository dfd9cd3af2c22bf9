/** Compiles a spec without training it: `node examples/compile.mjs SPEC OUT`. Any ONNX runtime can run the models. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { analyze, compile, openData, readSpecFile } from "rnnx";

const [file = "specs/hihello.json", out = "compiled"] = process.argv.slice(2);
const read = await readSpecFile(file);
if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
const { spec, folder, origins } = read;

// The compiler needs only the sizes of the data: its signature.
const opened = await openData(spec, folder);
if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
const signature = opened.value.signature(spec.train);

const compiled = await compile(spec, signature, { origins });
if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join("\n"));
const { train, eval: evaluation, model, manifest } = compiled.artifact;

await mkdir(out, { recursive: true });
await writeFile(join(out, "train.onnx"), train);
await writeFile(join(out, "eval.onnx"), evaluation);
await writeFile(join(out, "model.onnx"), model);
for (const { name, role, shape } of manifest.train.inputs)
  console.log(`${role.padEnd(10)} ${name} [${shape.join(", ")}]`);

const analyzed = analyze(spec, signature);
if (!analyzed.ok) throw new Error(analyzed.problems.map(({ message }) => message).join("\n"));
const { layers, parameters, memory } = analyzed.analysis;
console.log(layers.map(({ name, output }) => `${name} [${output.join(", ")}]`).join(" → "));
console.log(`${parameters.total} parameters; a training step needs about ${Math.ceil(memory.total / 2 ** 20)} MiB`);
