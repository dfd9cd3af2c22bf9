/**
 * Kills one of the processes of a training that MPI started, at a random step; then the run goes on with two processes, one, and four, and
 * its losses are compared with those of a run in one process that was never interrupted.
 * `node test/stress/ranks.mjs --count 20 --seed 1 [--only MPICH]`, for every launcher that is found; `npm run build` first. Linux.
 */
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { flagsOf } from "../../scripts/flags.mjs";
import { ranksOf, rnnx, temporaryFolder, writeSpec } from "../support/training-processes.mjs";
import { report } from "./report.mjs";

const { count, seed, only } = flagsOf(import.meta.filename, { count: 20, seed: 1, only: undefined });
/** A killed job has to be over by then, in milliseconds. */
const soon = 5000;
/** Steps of the run that was never interrupted, and those in which another may be killed. */
const [steps, latest] = [500, 100];
/** Processes that a run goes on with, and the steps that each of them makes beyond the step of the kill. */
const lives = [
  { ranks: 2, beyond: 15 },
  { ranks: 1, beyond: 30 },
  { ranks: 4, beyond: 45 },
];

const folder = temporaryFolder();
const spec = writeSpec(folder, "killed", {
  data: {
    type: "text",
    text: "the quick brown fox jumps over the lazy dog; ".repeat(3),
    window: 6,
    split: { train: 0.8, validation: 0.2 },
  },
  model: [
    { layer: "one_hot" },
    { layer: "rnn", cell: "lstm", hidden_size: 8, dropout: { output: 0.2, state: 0.1 } },
    { layer: "projection" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.02, clip: { global_norm: 1 } },
  train: { batch_size: 8, checkpoint_every: 5, evaluate_every: 25 },
});
const launchers = [
  { name: "Open MPI", command: "mpirun.openmpi" },
  { name: "MPICH", command: "mpirun.mpich" },
].filter(
  ({ name, command }) =>
    (only ?? name) === name && process.env.PATH.split(delimiter).some((path) => existsSync(join(path, command))),
);
const environment = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
  OMPI_MCA_hwloc_base_binding_policy: "none",
};
const generator = xoroshiro128plus(seed);
const random = (below) => (generator.next() >>> 0) % below;

/** Trains up to a step, in one process without a launcher, in others with it. `watch` is told of every step. */
async function train(out, { command }, ranks, to, watch = () => undefined) {
  const args = [rnnx, "train", spec, "--out", out, "--steps", `${to}`, "--resume", "--json"];
  const [program, given] =
    ranks === 1 ? [process.execPath, args] : [command, ["-n", `${ranks}`, process.execPath, ...args]];
  const child = spawn(program, given, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const losses = new Map();
  let [rest, errors] = ["", ""];
  child.stderr.on("data", (text) => {
    errors += text;
  });
  child.stdout.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    // MPICH's launcher says there too how a process ended.
    const records = lines.filter((line) => /^\{.*\}$/.test(line));
    for (const { event, step, loss } of records.map((line) => JSON.parse(line)))
      if (event === "step") {
        losses.set(step, loss);
        watch(step);
      }
  });
  const code = await new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
  return { code, losses, errors, ended: performance.now() };
}

/** Kills one of some processes when it has made a step; gives how the job ended. */
async function killOne(out, launcher) {
  const [ranks, at] = [2 + random(3), 1 + random(latest)];
  const victim = random(ranks);
  let killed;
  const { code, losses, errors, ended } = await train(out, launcher, ranks, 1_000_000, (step) => {
    if (killed !== undefined || step < at) return;
    const found = ranksOf(out).find(({ rank }) => rank === victim);
    if (found === undefined) throw new Error(`There is no rank ${victim}.`);
    killed = performance.now();
    process.kill(found.pid, "SIGKILL");
  });
  if (killed === undefined) throw new Error(`The job ended before its time, with ${code}: ${errors}`);
  const orphans = ranksOf(out);
  for (const { pid } of orphans) process.kill(pid, "SIGKILL");
  return { code, step: Math.max(...losses.keys()), milliseconds: ended - killed, orphans: orphans.length };
}

const whole = await train(join(folder, "whole"), {}, 1, steps);
if (whole.code !== 0) throw new Error(whole.errors);
let wrong = 0;
for (const launcher of launchers) {
  const said = { kills: 0, quiet: 0, late: 0, orphans: 0, unusable: 0, different: 0 };
  let [slowest, furthest] = [0, 0];
  for (; said.kills < count; said.kills++) {
    const out = join(folder, `${launcher.command}-${said.kills}`);
    const { code, step, milliseconds, orphans } = await killOne(out, launcher);
    said.quiet += code === 0 ? 1 : 0;
    said.late += milliseconds >= soon ? 1 : 0;
    said.orphans += orphans;
    slowest = Math.max(slowest, milliseconds);
    let off = 0;
    for (const { ranks, beyond } of lives) {
      const life = await train(out, launcher, ranks, step + beyond);
      if (life.code !== 0) {
        said.unusable++;
        console.error(life.errors);
        break;
      }
      if (!life.losses.has(step + beyond)) throw new Error(`Nothing was said of step ${step + beyond}.`);
      for (const [at, loss] of life.losses) off = Math.max(off, Math.abs(loss / whole.losses.get(at) - 1));
    }
    said.different += off > 1e-5 ? 1 : 0;
    furthest = Math.max(furthest, off);
    console.error(
      `${launcher.name}, kill ${said.kills + 1}, step ${step}: ${code} after ${Math.round(milliseconds)} ms, ${off} off`,
    );
    rmSync(out, { recursive: true, force: true });
  }
  const { quiet, late, orphans, unusable, different } = said;
  wrong += quiet + late + orphans + unusable + different;
  report("ranks", { target: launcher.name, ...said, slowest: Math.round(slowest), furthest });
}
process.exitCode = wrong > 0 ? 1 : 0;
