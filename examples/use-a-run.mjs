/** Puts a trained run to use: `node examples/use-a-run.mjs RUN`, for a run on text. */
import { loadRun } from "rnnx";

const [folder = "runs/example"] = process.argv.slice(2);
const loaded = await loadRun(folder);
if (!loaded.ok) {
  for (const { message, hint = "" } of loaded.error) console.error(message, hint);
  process.exit(2);
}
const run = loaded.value;
console.log(`${run.spec.name}, of ${run.manifest.parameters.length} tensors`);

const weights = run.weights();
if (weights.ok) {
  for (const [name, { shape }] of weights.value.parameters) console.log(`  ${name} [${shape.join(", ")}]`);
}

const measured = await run.evaluate();
if (measured.ok) console.log("measured", measured.value.metrics.train);

const predicted = await run.predict({ lines: ["hihel", "hi"] });
if (predicted.ok)
  for (const { text, next } of predicted.value.predictions) console.log(`after "${text}" comes "${next}"`);

const generated = await run.generate({ prompt: "h", length: 6, temperature: 0 });
if (generated.ok) console.log("writes", generated.value.text);
