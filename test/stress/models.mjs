/**
 * Random models over the whole vocabulary: `node test/stress/models.mjs --models 2000 --seed 1`; `npm run build` first.
 * Each is validated, compiled, trained for a few steps and exported; some are interrupted and resumed. The outputs of the
 * exported forms are compared with the run's own, and a resumed run with the unbroken one. A failure prints its seed.
 * After a signal it reports the models so far.
 */
import { join } from "node:path";
import { flagsOf } from "../../scripts/flags.mjs";
import { temporaryFolder } from "../support/training-processes.mjs";
import { tryModels } from "./model.mjs";
import { report } from "./report.mjs";

const { models, seed } = flagsOf(import.meta.filename, { models: 200, seed: 1 });
let isEnding = false;
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => {
    isEnding = true;
  });
const { failures, ...figures } = await tryModels(models, seed, join(temporaryFolder(), "model"), {
  onFailure: (failure) => console.error(failure),
  isEnding: () => isEnding,
});
report("models", { ...figures, failures: failures.length });
process.exitCode = failures.length > 0 ? 1 : 0;
