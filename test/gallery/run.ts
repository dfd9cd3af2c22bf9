/** Training a spec of the gallery through the command line, as a user does. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { records, rnnx as runCommand } from "../support/spawn.js";

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

/** Runs a command and gives its JSON records. Throws its messages when it fails. */
export async function rnnx(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const { code, stdout, stderr } = await runCommand(...args, "--json");
  if (code !== 0) throw new Error(`rnnx ${args.join(" ")} ended with ${code}: ${stderr}${stdout.slice(-2000)}`);
  return records(stdout);
}

/** Trains a spec of the gallery, with further flags where given. Tests run on every core, so each training has one thread. */
export async function train(spec: string, ...flags: readonly string[]): Promise<TrainResult> {
  const run = mkdtempSync(join(tmpdir(), "rnnx-gallery-"));
  onTestFinished(() => rmSync(run, { recursive: true, force: true }));
  const events = await rnnx("train", `specs/${spec}.json`, "--out", join(run, "run"), "--threads", "1", ...flags);
  const done = events.at(-1) as unknown as TrainResult;
  const losses = events.filter(({ event }) => event === "step").map(({ loss }) => loss as number);
  return { ...done, run: join(run, "run"), events, losses };
}
