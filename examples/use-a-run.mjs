/** Uses a run that was trained on text: `node examples/use-a-run.mjs RUN`. */
import { loadRun } from "rnnx";

const [folder = "runs/example"] = process.argv.slice(2);
const loaded = await loadRun(folder);
if (!loaded.ok) {
  for (const { message, hint = "" } of loaded.error) console.error(message, hint);
  process.exit(2);
}
const run = loaded.value;
console.log(`${run.spec.name}: ${run.manifest.parameters.length} parameter tensors`);

const weights = run.weights();
if (weights.ok) {
  for (const [name, { shape }] of weights.value.parameters) console.log(`  ${name} [${shape.join(", ")}]`);
}

const evaluated = await run.evaluate();
if (evaluated.ok) console.log("metrics", evaluated.value.metrics.train);

const predicted = await run.predict({ lines: ["hihel", "hi"] });
if (predicted.ok) for (const { text, next } of predicted.value.predictions) console.log(`after "${text}": "${next}"`);

const generated = await run.generate({ prompt: "h", length: 6, temperature: 0 });
if (generated.ok) console.log("generated", generated.value.text);
