/** One random model: validated, compiled, trained for a few steps, resumed, exported, and its outputs compared. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { damaged, drawData, drawTraining, SHORTEST } from "../support/draw-data.mjs";
import { drawModel, drawOptimizer, inputKinds } from "../support/draw-model.mjs";
import { choices } from "../support/draw-values.mjs";
import { root } from "../support/training-processes.mjs";
import { AmplifiedRounding, compareExports } from "./compare-exports.mjs";

const from = (path) => import(join(root, "dist", path));
const [{ readSpec }, { runTraining }, { mapPathsToSource }] = await Promise.all(
  ["schema/read.js", "runtime/training/loop.js", "runtime/training/spec-paths.js"].map(from),
);

/** The spec of a seed, and its files. */
export function drawSpec(seed) {
  const generator = xoroshiro128plus(seed);
  const random = choices((limit) => (limit <= 1 ? 0 : (generator.next() >>> 0) % limit));
  const drawn = drawModel(random, SHORTEST, inputKinds, 2);
  const { data, files = {} } = drawData(random, drawn);
  const spec = {
    name: "random",
    seed: random.below(100),
    data,
    ...drawn.spec,
    optimizer: drawOptimizer(random),
    train: drawTraining(random, data, drawn.isStateful),
  };
  return { drawn, files, spec: random.once(6) ? damaged(random, spec) : spec, random };
}

/**
 * @returns `outcome`: "refused", with its diagnostics' `codes`; "failed", with a `reason`, where the run or an export
 * ended with a message; "trained", with the largest difference.
 * Throws where a diagnostic lacks its place, a number is not finite, or outputs or a resumed run differ.
 */
export async function tryModel(seed, folder) {
  const { drawn, files, spec, random } = drawSpec(seed);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const text = JSON.stringify(spec, undefined, 1);
  writeFileSync(join(folder, "spec.json"), text);
  const read = await readSpec(text, { folder });
  if (!read.ok) return refused(read.diagnostics);

  const out = join(folder, "run");
  const train = async (out, options = {}) => {
    const losses = [];
    const observer = {
      emit: (events) => losses.push(...events.filter(({ event }) => event === "step").map(({ loss }) => loss)),
      shouldStop: () => options.stopAfterCall === true && losses.length > 0,
    };
    const { resume = false } = options;
    const request = { spec: read.spec, folder, out, device: "cpu", resume, init: null, disabledPasses: [] };
    return { outcome: mapPathsToSource(read.spec, read.origins, await runTraining(request, observer)), losses };
  };
  const { outcome, losses } = await train(out);
  if (!outcome.ok)
    return outcome.error.kind === "input"
      ? refused(outcome.error.problems.map(read.document.locate))
      : { outcome: "failed", reason: outcome.error.message };
  if (losses.length === 0 || !losses.every(Number.isFinite)) throw new Error(`the losses are ${losses}`);
  const isResumed = random.once(2) && losses.length > 1;
  if (isResumed) await compareResumed(out, losses, train);
  try {
    return { outcome: "trained", isResumed, difference: await compareExports(drawn, out, folder, random) };
  } catch (error) {
    if (error instanceof AmplifiedRounding) return { outcome: "failed", reason: error.message };
    throw error;
  }
}

/** A run that ends after its first call and is resumed has the losses and the files of the unbroken one. */
async function compareResumed(out, losses, train) {
  const broken = `${out}-resumed`;
  const first = await train(broken, { stopAfterCall: true });
  const second = await train(broken, { resume: true });
  if (!first.outcome.ok || !second.outcome.ok) throw new Error(`not resumed: ${JSON.stringify([first, second])}`);
  const resumed = [...first.losses, ...second.losses];
  if (resumed.join() !== losses.join()) throw new Error(`losses of the resumed run ${resumed}, unbroken ${losses}`);
  const contentOf = (run, file) => readFileSync(join(run, file), "latin1").replaceAll(run, out);
  for (const file of ["weights.safetensors", "result.json"])
    if (contentOf(broken, file) !== contentOf(out, file)) throw new Error(`${file} of the resumed run differs`);
}

/**
 * Tries the models of some seeds.
 *
 * @param observer `onFailure` is called with each failure; `isEnding` is asked before each model.
 * @returns counts by outcome, codes of diagnostics, the largest difference, and the failures with their seeds.
 */
export async function tryModels(count, seed, folder, { onFailure = () => {}, isEnding = () => false } = {}) {
  const counts = { trained: 0, refused: 0, failed: 0 };
  const codes = {};
  const failures = [];
  let [models, resumed, largest] = [0, 0, 0];
  for (; models < count && !isEnding(); models++) {
    const own = seed * 1_000_003 + models;
    try {
      const result = await tryModel(own, folder);
      counts[result.outcome]++;
      if (result.isResumed) resumed++;
      largest = Math.max(largest, result.difference ?? 0);
      for (const code of result.codes ?? []) codes[code] = (codes[code] ?? 0) + 1;
      if (result.outcome === "failed") onFailure(`model ${own}: ${result.reason}`);
    } catch (error) {
      const failure = `model ${own}: ${error instanceof Error ? error.stack : error}`;
      failures.push(failure);
      onFailure(failure);
    }
    // Signals are heard between models.
    await new Promise(setImmediate);
  }
  return { models, ...counts, resumed, largest, codes, failures };
}

function refused(diagnostics) {
  if (diagnostics.length === 0) throw new Error("refused without a diagnostic");
  for (const { code, message, line } of diagnostics)
    if (!/^[a-z0-9-]+$/.test(code) || message === "" || !(line >= 1)) throw new Error(`no place: ${code} ${message}`);
  return { outcome: "refused", codes: diagnostics.map(({ code }) => code) };
}
