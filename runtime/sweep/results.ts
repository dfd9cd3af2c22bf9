/** What a sweep leaves: its plan, and of each trial its values, its evaluations and how it ended. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fail, ok, type Result } from "../result.js";
import { durableFs, writeFileAtomic } from "../storage/durable-fs.js";
import type { IntermediateValue, Mode, Pruner } from "./pruning.js";
import type { SearchSpace, TrialValues } from "./search-space.js";

/** What must not change when a sweep is gone on with; it may get more draws. */
export interface SweepSettings {
  readonly format: 1;
  /** The spec's file as it was named, and its text's overrides. */
  readonly spec: string;
  readonly plan: SearchSpace;
  readonly metric: string;
  readonly mode: Mode;
  readonly stopping: Pruner;
}

export type TrialState = "done" | "stopped" | "failed" | "interrupted";

export interface TrialRecord {
  readonly trial: number;
  readonly values: TrialValues;
  readonly state: TrialState;
  /** Updates made; of a stopped one, until the evaluation that it was stopped for. */
  readonly step: number;
  readonly steps: number;
  /** The metric of the weights that it ended with; of a stopped one the best that it reached. Null where there is none. */
  readonly value: number | null;
  readonly readings: readonly IntermediateValue[];
  /** Why it failed; empty otherwise. */
  readonly message: string;
}

export const sweepFiles = {
  settings: "sweep.json",
  results: "results.json",
  chart: "chart.svg",
  trials: "trials",
  record: "trial.json",
} as const;

export function trialFolder(out: string, trial: number): string {
  return join(out, sweepFiles.trials, String(trial).padStart(3, "0"));
}

/** Begins a sweep, or goes on with one of the same settings. */
export function openSweep(out: string, settings: SweepSettings): Result<void> {
  const file = join(out, sweepFiles.settings);
  if (existsSync(file)) {
    const existing = readJson<SweepSettings>(file);
    if (existing === undefined || fingerprintOf(existing) !== fingerprintOf(settings)) {
      const message = `"${out}" holds another sweep, of other values, seed, metric or stopping.`;
      return fail([
        {
          code: "other-sweep",
          path: "",
          message,
          hint: "Name another folder with --out, or remove that one.",
        },
      ]);
    }
  } else if (existsSync(out) && readdirSync(out).length > 0) {
    const message = `"${out}" is not empty, and holds no sweep.`;
    return fail([{ code: "other-sweep", path: "", message, hint: "Name another folder with --out." }]);
  }
  durableFs.makeFolder(join(out, sweepFiles.trials));
  writeJson(file, settings);
  return ok(undefined);
}

/** More draws go on from fewer. */
function fingerprintOf({ plan: { draws: _, ...plan }, ...settings }: SweepSettings): string {
  return JSON.stringify({ ...settings, plan });
}

/** The record of a trial with these values; undefined where it has not run, or ran with others. */
export function readTrial(out: string, trial: number, values: TrialValues): TrialRecord | undefined {
  const record = readJson<TrialRecord>(join(trialFolder(out, trial), sweepFiles.record));
  return record !== undefined && JSON.stringify(record.values) === JSON.stringify(values) ? record : undefined;
}

export function writeTrial(out: string, record: TrialRecord): void {
  const folder = trialFolder(out, record.trial);
  durableFs.makeFolder(folder);
  writeJson(join(folder, sweepFiles.record), record);
}

export function writeResults(out: string, records: readonly TrialRecord[]): void {
  writeJson(join(out, sweepFiles.results), records);
}

function writeJson(file: string, value: unknown): void {
  writeFileAtomic(durableFs, file, Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`));
}

function readJson<T>(file: string): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
