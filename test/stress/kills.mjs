/**
 * Kills trainings at random times, resumes them, and compares what they end with to a run that was never interrupted.
 * `node test/stress/kills.mjs --count 1000 --seed 1 --hidden 8`; `npm run build` first. A signal to it lets the run that is under way end in peace,
 * and what there is by then is reported.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { flagsOf } from "../../scripts/flags.mjs";
import { report } from "./report.mjs";

const { count, seed, steps, hidden } = flagsOf(import.meta.filename, {
  count: 20,
  seed: 1,
  steps: 300,
  // From 160 on, steps write where there is room for what they make.
  hidden: 8,
});
const program = join(import.meta.dirname, "../../bin/rnnx.js");
const folder = mkdtempSync(join(tmpdir(), "rnnx-kills-"));

/** Everything that a run carries: slots of two kinds, dropout, an order of examples, a plateau, the best weights. */
const spec = {
  name: "killed",
  data: {
    type: "text",
    text: "the quick brown fox jumps over the lazy dog; ".repeat(3),
    window: 6,
    split: { train: 0.8, validation: 0.2 },
  },
  model: [
    { layer: "one_hot" },
    { layer: "rnn", cell: "lstm", hidden_size: hidden, dropout: { output: 0.2, state: 0.1 } },
    { layer: "projection", size: "vocabulary" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: {
    type: "adam",
    learning_rate: 0.02,
    average: { decay: 0.9 },
    clip: { global_norm: 1 },
    schedule: { type: "plateau", patience: 1 },
  },
  train: { steps, batch_size: 8, checkpoint_every: 2, evaluate_every: 10, keep_every: 50 },
};
writeFileSync(join(folder, "spec.json"), JSON.stringify(spec));

const generator = xoroshiro128plus(seed);
const random = (below) => (generator.next() >>> 0) % below;

/** One life of a run: to its end, or until a signal comes at a random time. Gives how it ended and what it noticed. */
async function live(out, kill) {
  const perCall = ["1", "2", "auto"][random(3)];
  const args = ["train", "spec.json", "--resume", "--json", "--out", out, "--set", `train.steps_per_call=${perCall}`];
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  const notices = [];
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  // Most kills come while checkpoints are written, some at any time from the process's start.
  const after = (milliseconds) => setTimeout(() => child.kill(kill), milliseconds);
  let timer = kill !== undefined && random(5) === 0 ? after(random(1500)) : undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const record = JSON.parse(line);
    if (record.event === "notice") notices.push(record.message);
    if (record.event === "start" && kill !== undefined) timer ??= after(random(200));
  }
  clearTimeout(timer);
  return { ...(await ended), notices, errors };
}

/** What a run ends with: every file whose bytes are promised. */
function contents(out) {
  // Which older ones stay depends on where an interruption made one.
  const last = readdirSync(join(out, "checkpoints")).sort().slice(-1);
  const files = ["weights.safetensors", "model.onnx", "metrics.jsonl", "result.json"];
  const kept = last.flatMap((name) =>
    readdirSync(join(out, "checkpoints", name)).map((file) => join("checkpoints", name, file)),
  );
  // The record of the end names the directory.
  return [...files, ...kept].map((file) => {
    const bytes = readFileSync(join(out, file));
    return [file, file === "result.json" ? bytes.toString().replace(/"run": .*/, "") : bytes.toString("base64")];
  });
}

let ending = false;
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => {
    ending = true;
  });

const said = { kills: 0, runs: 0, unusable: 0, different: 0, damaged: 0, moved: 0, interrupted: 0 };
try {
  const whole = await live("whole", undefined);
  if (whole.code !== 0) throw new Error(whole.errors);
  const expected = JSON.stringify(contents(join(folder, "whole")));
  while (said.kills < count && !ending) {
    let out = `run-${said.runs}`;
    let isUsable = true;
    for (;;) {
      const signal = ending ? undefined : random(12) === 0 ? "SIGTERM" : "SIGKILL";
      const life = await live(out, signal);
      said.damaged += life.notices.filter((notice) => notice.includes("damaged")).length;
      if (life.signal === "SIGKILL") said.kills++;
      else if (life.code === 143) said.interrupted++;
      else if (life.code === 0) break;
      // A terminated process that had not yet begun to listen leaves at once.
      else if (life.signal !== "SIGTERM") {
        said.unusable++;
        isUsable = false;
        console.error(life.errors);
        break;
      }
      if (random(4) === 0) {
        const next = `${out}m`;
        try {
          renameSync(join(folder, out), join(folder, next));
          out = next;
          said.moved++;
        } catch {
          // Killed before it made its directory.
        }
      }
    }
    said.runs++;
    console.error(`${said.kills} kills in ${said.runs} runs`);
    if (!isUsable) continue;
    if (JSON.stringify(contents(join(folder, out))) !== expected) said.different++;
    rmSync(join(folder, out), { recursive: true, force: true });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
report("kills", { kind: `width ${hidden}`, ...said });
process.exitCode = said.unusable + said.different + said.damaged > 0 ? 1 : 0;
