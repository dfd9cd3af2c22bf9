/** Puts a trained run to use: `node examples/use-a-run.mjs RUN`, for a run on text. */
import { loadRun } from "rnnx";

const [folder = "runs/example"] = process.argv.slice(2);
const loaded = await loadRun(folder);
if (!loaded.ok) {
  for (const { message, hint = "" } of loaded.problems) console.error(message, hint);
  process.exit(2);
}
const { run } = loaded;
console.log(`${run.spec.name}, of ${run.manifest.parameters.length} tensors`);

const found = run.weights();
if (found.ok) {
  for (const [name, { shape }] of found.weights.parameters) console.log(`  ${name} [${shape.join(", ")}]`);
}

const measured = await run.evaluate();
if (measured.ok) console.log("measured", measured.metrics.train);

const said = await run.predict({ lines: ["hihel", "hi"] });
if (said.ok) for (const { text, next } of said.predictions) console.log(`after "${text}" comes "${next}"`);

const written = await run.generate({ prompt: "h", length: 6, temperature: 0 });
if (written.ok) console.log("writes", written.generated.text);
