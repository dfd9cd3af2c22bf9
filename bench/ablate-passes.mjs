/**
 * Measures each compiler pass: the time of a training step without the pass over the time with all passes, for the standard
 * configurations. Both sessions run alternately in one process; the ratio is the median over pairs; "=" marks a pass that leaves the
 * model unchanged. Prints a table and writes the numbers to bench/results.
 *
 *     node bench/ablate-passes.mjs [--only "small char-rnn"] [--pass hoist --pass sink] [--pairs 9]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ablatablePasses } from "../dist/compiler/optimize/pipeline.js";
import { flagsOf } from "../scripts/flags.mjs";
import { machine, resultName, today } from "./environment.mjs";
import { here, median, threadsFor } from "./spawn.mjs";
import { configurations, feedsOf, signatureOf, specOf } from "./workloads.mjs";

const values = flagsOf(import.meta.filename, {
  only: configurations.map(({ name }) => name),
  pass: ablatablePasses.map(({ name }) => name),
  pairs: 9,
  threads: 2,
  note: "",
  out: here("results"),
});
const WARM_UP = 2;
const { compile } = await import("../dist/compiler/compile.js");
const { estimateWorkPerSync, ortSessionOptions } = await import("../dist/runtime/sessions/session.js");
const { readSpec } = await import("../dist/schema/read.js");
const { InferenceSession, Tensor } = await import("onnxruntime-node");

const chosen = configurations.filter(({ name }) => values.only.includes(name));

async function compiled(sizes, disabledPasses) {
  const read = await readSpec(JSON.stringify(specOf(sizes)), { file: "bench.json" });
  const made = read.ok ? await compile(read.spec, signatureOf(sizes), { disabledPasses }) : undefined;
  if (!made?.ok) throw new Error(JSON.stringify(made?.problems ?? read.diagnostics));
  return made.artifact;
}

/** A session whose calls are timed, in milliseconds. */
async function opened({ train, manifest }, sizes) {
  const load = estimateWorkPerSync(manifest.parameters, sizes.batch);
  const options = ortSessionOptions("cpu", load, { requestedThreads: threadsFor(sizes, values.threads) });
  // The threads of the other session would spin on the cores of this one.
  options.extra.session.force_spinning_stop = "1";
  const session = await InferenceSession.create(train, options);
  const feeds = feedsOf({ manifest }, sizes, Tensor);
  // Only the loss is fetched, as in training.
  const fetches = Object.fromEntries(
    manifest.train.outputs.filter(({ role }) => role === "loss").map(({ name }) => [name, null]),
  );
  const time = async () => {
    const before = performance.now();
    await session.run(feeds, fetches);
    return performance.now() - before;
  };
  return { time, release: () => session.release() };
}

/** Time without a pass over the time with all passes; null when the model is the same. */
async function ablationRatio(sizes, whole, pass) {
  const artifact = await compiled(sizes, [pass]);
  if (Buffer.compare(artifact.train, whole.train) === 0) return null;
  const [one, other] = [await opened(whole, sizes), await opened(artifact, sizes)];
  const ratios = [];
  for (let pair = 0; pair < WARM_UP + values.pairs; pair++) {
    const time = await one.time();
    ratios.push((await other.time()) / time);
  }
  await one.release();
  await other.release();
  return Number(median(ratios.slice(WARM_UP)).toFixed(2));
}

const wholes = [];
for (const { name, framework_steps: _, ...sizes } of chosen)
  wholes.push({ name, sizes, whole: await compiled(sizes, []) });
const rows = [];
for (const pass of values.pass) {
  const ratios = [];
  for (const { name, sizes, whole } of wholes) ratios.push([name, await ablationRatio(sizes, whole, pass)]);
  const cells = ratios.map(([, ratio]) => (ratio === null ? "=" : `${ratio.toFixed(2)} ×`));
  process.stdout.write(`| ${pass} | ${cells.join(" | ")} |\n`);
  rows.push({ pass, ratios: Object.fromEntries(ratios) });
}
const results = { date: today(), machine: machine(values.threads), note: values.note, passes: rows };
mkdirSync(values.out, { recursive: true });
writeFileSync(
  join(values.out, `${resultName("ablate-passes", results)}.json`),
  `${JSON.stringify(results, null, 2)}\n`,
);
