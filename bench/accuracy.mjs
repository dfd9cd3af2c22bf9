/** Accuracy after whole training runs: a spec is trained and evaluated by the command. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../bin/rnnx.js", import.meta.url));

/** The last event of a command with `--json`. */
function lastEvent(args, cwd) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args, "--json"], {
    cwd,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`rnnx ${args.join(" ")} ended with ${status}: ${(stderr || stdout).slice(-2000)}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

/**
 * Trains a spec in a folder.
 *
 * @returns the run directory, the metrics of each split, and seconds.
 */
export function train(spec, folder, flags = []) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${spec.name}.json`);
  writeFileSync(file, JSON.stringify(spec, undefined, 2));
  const run = join(folder, "runs", spec.name);
  const start = performance.now();
  const { metrics } = lastEvent(["train", file, "--out", run, ...flags], folder);
  return { run, metrics, seconds: (performance.now() - start) / 1000 };
}

/** The metrics of a run on another file of the same kind. */
export function evaluate(run, file, folder) {
  return lastEvent(["evaluate", run, "--set", `data.file=${file}`], folder).metrics.test;
}

/** The file of an exported form of a run. */
export function exportForm(run, form, folder) {
  const file = join(folder, `${form}.onnx`);
  lastEvent(["export", run, "--form", form, "--out", file], folder);
  return file;
}

export const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
