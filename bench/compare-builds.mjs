/**
 * Compares the training step of two builds in pairs, in one process: the time of this build's train.onnx over that of another
 * checkout, for the standard configurations. "=" marks models that are the same byte for byte.
 *
 *     node bench/compare-builds.mjs --other ../rnnx-before [--only "small char-rnn"] [--pairs 15]
 */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { estimateWorkPerSync, ortSessionOptions } from "../dist/runtime/sessions/session.js";
import { flagsOf } from "../scripts/flags.mjs";
import { median, threadsFor } from "./spawn.mjs";
import { configurations, feedsOf, signatureOf, specOf } from "./workloads.mjs";

const values = flagsOf(import.meta.filename, {
  other: "..",
  only: configurations.map(({ name }) => name),
  pairs: 15,
  threads: 2,
});
const WARM_UP = 2;
const { InferenceSession, Tensor } = await import("onnxruntime-node");

/** Compiles a configuration with the build of a checkout. */
async function artifactOf(checkout, sizes) {
  const load = (path) => import(pathToFileURL(join(checkout, "dist", path)).href);
  const [{ compile }, { readSpec }] = await Promise.all([load("compiler/compile.js"), load("schema/read.js")]);
  const read = await readSpec(JSON.stringify(specOf(sizes)), { file: "bench.json" });
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  const compiled = await compile(read.spec, signatureOf(sizes));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.artifact;
}

/** A session whose calls are timed, in milliseconds. */
async function timedSession({ train, manifest }, sizes) {
  const load = estimateWorkPerSync(manifest.parameters, sizes.batch);
  const options = ortSessionOptions("cpu", load, { requestedThreads: threadsFor(sizes, values.threads) });
  // The threads of the other session would spin on the cores of this one.
  options.extra.session.force_spinning_stop = "1";
  const session = await InferenceSession.create(train, options);
  const feeds = feedsOf({ manifest }, sizes, Tensor);
  const losses = manifest.train.outputs.filter(({ role }) => role === "loss").map(({ name }) => name);
  return {
    async time() {
      const start = performance.now();
      await session.run(feeds, losses);
      return performance.now() - start;
    },
    release: () => session.release(),
  };
}

for (const { name, framework_steps: _, ...sizes } of configurations) {
  if (!values.only.includes(name)) continue;
  const [before, after] = [await artifactOf(resolve(values.other), sizes), await artifactOf(resolve("."), sizes)];
  if (Buffer.compare(before.train, after.train) === 0) {
    console.log(`${name}: =`);
    continue;
  }
  const [old, current] = [await timedSession(before, sizes), await timedSession(after, sizes)];
  const ratios = [];
  for (let pair = 0; pair < WARM_UP + values.pairs; pair++) {
    // The order alternates, so that neither side always runs in the other's warm cache.
    const first = pair % 2 === 0 ? await old.time() : undefined;
    const time = await current.time();
    ratios.push(time / (first ?? (await old.time())));
  }
  await Promise.all([old.release(), current.release()]);
  const sorted = ratios.slice(WARM_UP).sort((a, b) => a - b);
  const quartile = (share) => sorted[Math.floor(sorted.length * share)].toFixed(3);
  console.log(`${name}: ${median(sorted).toFixed(3)} × (quartiles ${quartile(0.25)} to ${quartile(0.75)})`);
}
