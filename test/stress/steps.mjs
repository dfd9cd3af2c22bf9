/** How much a long training grows: `node test/stress/steps.mjs --count 100000`; `npm run build` first. Linux. */
import { join } from "node:path";
import { flagsOf } from "../../scripts/flags.mjs";
import { memoryOf, rnnx, temporaryFolder, watched, writeSpec } from "../support/training-processes.mjs";
import { report } from "./report.mjs";

const { count } = flagsOf(import.meta.filename, { count: 100_000 });
const folder = temporaryFolder();
const spec = writeSpec(folder, "long", {
  data: { type: "text", text: "hihello, hihello you", window: 6 },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }, { layer: "projection" }],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.001 },
  train: { steps: count, checkpoint_every: 10_000 },
});
const seen = [];
// Young objects are collected early, so that what is seen is what stays.
const flags = ["--max-semi-space-size=1", "--min-semi-space-size=1"];
const { code, stderr } = await watched([...flags, rnnx, "train", spec, "--out", join(folder, "run")], (pid) => {
  const memory = memoryOf(pid, "VmRSS");
  if (memory !== undefined) seen.push(memory);
});
if (code !== 0) throw new Error(stderr);
/** The median, since collections come and go. */
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const part = (from, to) => median(seen.slice(Math.floor(seen.length * from), Math.ceil(seen.length * to)));
const [before, after] = [part(0.2, 0.4), part(0.75, 0.95)];
const growth = Math.round((1000 * (after - before)) / before) / 10;
report("steps", { steps: count, before: Math.round(before), after: Math.round(after), growth });
