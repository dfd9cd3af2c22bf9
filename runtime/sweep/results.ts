/** Files of a sweep: its settings, and per trial its values, evaluations and outcome. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fail, ok, type Result } from "../result.js";
import { durableFs, writeFileAtomic } from "../storage/durable-fs.js";
import type { IntermediateValue, Mode, Pruner } from "./pruning.js";
import type { SearchSpace, TrialValues } from "./search-space.js";

/** Settings that must not change when a sweep is resumed; num_samples may grow. */
export interface SweepSettings {
  readonly format: 1;
  /** The spec's file name and overrides. */
  readonly spec: string;
  readonly search_space: SearchSpace;
  readonly metric: string;
  readonly mode: Mode;
  readonly pruner: Pruner;
}

export type TrialState = "done" | "pruned" | "failed" | "interrupted";

export interface TrialRecord {
  readonly trial: number;
  readonly values: TrialValues;
  readonly state: TrialState;
  /** Training steps; of a pruned trial, up to the evaluation that pruned it. */
  readonly step: number;
  readonly steps: number;
  /** The metric of the final weights; of a pruned trial the best value. Null without one. */
  readonly value: number | null;
  readonly intermediate_values: readonly IntermediateValue[];
  /** Reason of a failure; else empty. */
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

/** Starts a sweep, or resumes one of the same settings. */
export function openSweep(out: string, settings: SweepSettings): Result<void> {
  const file = join(out, sweepFiles.settings);
  if (existsSync(file)) {
    const existing = readJson<SweepSettings>(file);
    if (existing === undefined || fingerprintOf(existing) !== fingerprintOf(settings)) {
      const message = `"${out}" contains another sweep, with other values, seed, metric or pruner.`;
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
    const message = `"${out}" is not empty and contains no sweep.`;
    return fail([{ code: "other-sweep", path: "", message, hint: "Name another folder with --out." }]);
  }
  durableFs.makeFolder(join(out, sweepFiles.trials));
  writeJson(file, settings);
  return ok(undefined);
}

/** Independent of num_samples: a sweep may be extended. */
function fingerprintOf({ search_space: { num_samples: _, ...space }, ...settings }: SweepSettings): string {
  return JSON.stringify({ ...settings, space });
}

/** The record of a trial; undefined if it has not run with these values. */
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
