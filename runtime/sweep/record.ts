/** What a sweep leaves: its plan, and of each trial its values, its evaluations and how it ended. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { disk, replaceFile } from "../disk.js";
import { type Checked, refuse } from "../problem.js";
import type { SweepPlan, TrialValues } from "./plan.js";
import type { Mode, Reading, StoppingRule } from "./stopping.js";

/** What must not change when a sweep is gone on with; it may get more draws. */
export interface SweepSettings {
  readonly format: 1;
  /** The spec's file as it was named, and its text's overrides. */
  readonly spec: string;
  readonly plan: SweepPlan;
  readonly metric: string;
  readonly mode: Mode;
  readonly stopping: StoppingRule;
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
  readonly readings: readonly Reading[];
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
export function beginSweep(out: string, settings: SweepSettings): Checked<object> {
  const file = join(out, sweepFiles.settings);
  if (existsSync(file)) {
    const earlier = readJson<SweepSettings>(file);
    if (earlier === undefined || identity(earlier) !== identity(settings)) {
      const message = `"${out}" holds another sweep, of other values, seed, metric or stopping.`;
      return refuse({
        code: "other-sweep",
        path: "",
        message,
        hint: "Name another folder with --out, or remove that one.",
      });
    }
  } else if (existsSync(out) && readdirSync(out).length > 0) {
    const message = `"${out}" is not empty, and holds no sweep.`;
    return refuse({ code: "other-sweep", path: "", message, hint: "Name another folder with --out." });
  }
  disk.makeFolder(join(out, sweepFiles.trials));
  write(file, settings);
  return { ok: true };
}

/** More draws go on from fewer. */
function identity({ plan: { draws: _, ...plan }, ...settings }: SweepSettings): string {
  return JSON.stringify({ ...settings, plan });
}

/** The record of a trial with these values; undefined where it has not run, or ran with others. */
export function readTrial(out: string, trial: number, values: TrialValues): TrialRecord | undefined {
  const record = readJson<TrialRecord>(join(trialFolder(out, trial), sweepFiles.record));
  return record !== undefined && JSON.stringify(record.values) === JSON.stringify(values) ? record : undefined;
}

export function writeTrial(out: string, record: TrialRecord): void {
  const folder = trialFolder(out, record.trial);
  disk.makeFolder(folder);
  write(join(folder, sweepFiles.record), record);
}

export function writeResults(out: string, records: readonly TrialRecord[]): void {
  write(join(out, sweepFiles.results), records);
}

function write(file: string, value: unknown): void {
  replaceFile(disk, file, Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`));
}

function readJson<T>(file: string): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
