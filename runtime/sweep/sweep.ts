/** Runs the trials of a sweep, several at a time, each in a process of its own; ends those that are not worth going on with. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { NormalSpec } from "../../schema/normal.js";
import type { SplitMetrics, TrainEvent, TrainRequest } from "../events.js";
import type { TrainOutcome } from "../outcome.js";
import type { FromChild, ToChild } from "./child.js";
import type { TrialValues } from "./plan.js";
import { readTrial, type TrialRecord, trialFolder, writeResults, writeTrial } from "./record.js";
import { bestOf, type Mode, type Progress, type Reading, type StoppingRule, shouldStop } from "./stopping.js";

export interface Trial {
  /** From 1. */
  readonly trial: number;
  readonly values: TrialValues;
  readonly spec: NormalSpec;
}

export interface SweepRequest {
  readonly trials: readonly Trial[];
  /** Folder that the specs' relative paths start from. */
  readonly folder: string;
  readonly out: string;
  /** Trials at a time. */
  readonly jobs: number;
  readonly device: TrainRequest["device"];
  /** Of the validation part where the data has one, else of the part to train on. */
  readonly metric: string;
  readonly mode: Mode;
  readonly stopping: StoppingRule;
}

export type SweepEvent =
  | { readonly event: "trial"; readonly state: "started"; readonly trial: number; readonly values: TrialValues }
  | {
      readonly event: "evaluation";
      readonly trial: number;
      readonly step: number;
      readonly steps: number;
      readonly value: number;
    }
  /** `known`: it had ended before this sweep was gone on with. */
  | ({ readonly event: "trial"; readonly known: boolean } & TrialRecord);

export interface SweepOptions {
  readonly onEvent?: (event: SweepEvent) => void;
  /** Aborting lets every running trial save a checkpoint and end; the same sweep goes on from there. */
  readonly signal?: AbortSignal;
}

/** The records of all trials that were begun, in order. A trial that fails is a record as well. */
export async function runSweep(
  request: SweepRequest,
  { onEvent = () => undefined, signal }: SweepOptions = {},
): Promise<readonly TrialRecord[]> {
  const { trials, out, jobs } = request;
  const progress = new Map<number, Progress>();
  const records: TrialRecord[] = [];
  const keep = (record: TrialRecord, known: boolean) => {
    records.push(record);
    progress.set(record.trial, { steps: record.steps, readings: record.readings });
    onEvent({ event: "trial", known, ...record });
  };
  const waiting: { readonly trial: Trial; readonly earlier: readonly Reading[] }[] = [];
  for (const trial of trials) {
    const known = readTrial(out, trial.trial, trial.values);
    if (known !== undefined && known.state !== "interrupted") keep(known, true);
    else waiting.push({ trial, earlier: known?.readings ?? [] });
  }
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined && signal?.aborted !== true; next = waiting.shift()) {
      const { trial, earlier } = next;
      onEvent({ event: "trial", state: "started", trial: trial.trial, values: trial.values });
      const record = await runTrial(request, trial, earlier, progress, onEvent, signal);
      writeTrial(out, record);
      keep(record, false);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, waiting.length) }, work));
  records.sort((a, b) => a.trial - b.trial);
  writeResults(out, records);
  return records;
}

async function runTrial(
  { folder, out, device, metric, mode, stopping }: SweepRequest,
  { trial, values, spec }: Trial,
  earlier: readonly Reading[],
  progress: Map<number, Progress>,
  onEvent: (event: SweepEvent) => void,
  signal: AbortSignal | undefined,
): Promise<TrialRecord> {
  const child = fork(childFile(), {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const tell = (message: ToChild) => {
    if (child.connected) child.send(message);
  };
  const request: TrainRequest = {
    spec,
    folder,
    out: trialFolder(out, trial),
    device,
    resume: true,
    init: null,
    without: [],
  };
  let steps = 0;
  let step = 0;
  let readings = earlier;
  let stopped = false;
  const hear = (event: TrainEvent) => {
    if (event.event === "start") {
      ({ steps, step } = event);
      readings = readings.filter((reading) => reading.step <= step);
    }
    // What a stopped trial goes on to until it hears of it does not count: another time it would hear sooner or later.
    if (event.event !== "epoch" || stopped) return;
    step = event.step;
    readings = [...readings.filter((reading) => reading.step < step), { step, value: metricOf(event.metrics, metric) }];
    progress.set(trial, { steps, readings });
    onEvent({ event: "evaluation", trial, step, steps, value: readings.at(-1)?.value ?? Number.NaN });
    stopped = shouldStop(stopping, progress, trial, mode);
    if (stopped) tell({ type: "stop" });
  };
  const abort = () => tell({ type: "stop" });
  signal?.addEventListener("abort", abort, { once: true });
  tell({ type: "train", request });
  if (signal?.aborted) abort();

  const ended = await new Promise<TrainOutcome | string>((resolve) => {
    let said: TrainOutcome | string | undefined;
    child.on("message", (message: FromChild) => {
      if (message.type === "event") hear(message.event);
      else said = message.type === "outcome" ? message.outcome : message.message;
    });
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, cause) => resolve(said ?? `Its process ended with ${cause ?? `code ${code}`}.`));
  });
  signal?.removeEventListener("abort", abort);

  const record = { trial, values, steps, readings, message: "" };
  if (typeof ended === "string" || !ended.ok)
    return {
      ...record,
      state: "failed",
      step,
      value: null,
      message: typeof ended === "string" ? ended : reasonOf(ended),
    };
  const { done } = ended;
  const best = finite(
    bestOf(
      readings.map(({ value }) => value),
      mode,
    ),
  );
  if (stopped) return { ...record, state: "stopped", step, value: best };
  if (!done.interrupted)
    return { ...record, state: "done", step: done.step, value: finite(metricOf(done.metrics, metric)) };
  return { ...record, state: "interrupted", step: done.step, value: best };
}

function reasonOf(failure: Extract<TrainOutcome, { ok: false }>): string {
  return failure.kind === "failed" ? failure.message : failure.problems.map(({ message }) => message).join(" ");
}

/** A metric of the validation part, or of the part to train on where there is no other. */
function metricOf({ validation, train }: SplitMetrics, metric: string): number {
  return (Object.keys(validation).length > 0 ? validation : train)[metric] ?? Number.NaN;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** A process needs JavaScript: from source, under the test runner, it is the built one. */
function childFile(): string {
  const fromSource = import.meta.url.endsWith(".ts");
  return fileURLToPath(new URL(fromSource ? "../../dist/runtime/sweep/child.js" : "./child.js", import.meta.url));
}
