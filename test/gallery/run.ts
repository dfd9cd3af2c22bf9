/** Training a spec of the gallery through the command line, as a user does. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface TrainResult {
  /** The run directory, which goes away with the test. */
  readonly run: string;
  /** All that it said. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** The loss before each update, from the first. */
  readonly losses: readonly number[];
  readonly loss: number;
  readonly metrics: Readonly<Record<"train" | "validation" | "test", Readonly<Record<string, number>>>>;
  readonly predictions: readonly unknown[];
}

/** Runs a command and gives its JSON records. Throws what it says when it does not end well. */
export function rnnx(...args: readonly string[]): readonly Record<string, unknown>[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/rnnx.js", ...args, "--json"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`rnnx ${args.join(" ")} ended with ${status}: ${stderr}${stdout.slice(-2000)}`);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Trains a spec of the gallery, with further flags where given. Tests run on every core, so each training has one thread. */
export function train(spec: string, ...flags: readonly string[]): TrainResult {
  const run = mkdtempSync(join(tmpdir(), "rnnx-gallery-"));
  onTestFinished(() => rmSync(run, { recursive: true, force: true }));
  const records = rnnx("train", `specs/${spec}.json`, "--out", join(run, "run"), "--threads", "1", ...flags);
  const done = records.at(-1) as unknown as TrainResult;
  const losses = records.filter(({ event }) => event === "step").map(({ loss }) => loss as number);
  return { ...done, run: join(run, "run"), events: records, losses };
}
