/** Runs the trials of a sweep in parallel processes, and prunes them. */
import { fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { DoneEvent, SplitMetrics, TrainEvent } from "../events.js";
import type { TrainOutcome } from "../outcome.js";
import { fail, type Result } from "../result.js";
import type { TrainRequest } from "../training/request.js";
import {
  bestValue,
  type IntermediateValue,
  type Mode,
  type Pruner,
  shouldPrune,
  type TrialProgress,
} from "./pruning.js";
import { readTrial, type TrialRecord, trialFolder, writeResults, writeTrial } from "./results.js";
import type { TrialValues } from "./search-space.js";
import type { TrialCommand, TrialMessage } from "./trial-process.js";

export interface Trial {
  /** From 1. */
  readonly trial: number;
  readonly values: TrialValues;
  readonly spec: NormalSpec;
}

export interface SweepRequest {
  readonly trials: readonly Trial[];
  /** Start of the specs' relative paths. */
  readonly folder: string;
  readonly out: string;
  /** Parallel trials. */
  readonly jobs: number;
  readonly device: TrainRequest["device"];
  /** A metric of the validation split, or of the training split without one; of the test split in cross-validation. */
  readonly metric: string;
  /** True where each trial is a fold. */
  readonly isCrossValidation?: boolean;
  readonly mode: Mode;
  readonly pruner: Pruner;
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
  /** `earlier`: the trial ended before this sweep was resumed. */
  | ({ readonly event: "trial"; readonly earlier: boolean } & TrialRecord);

export interface SweepOptions {
  readonly onEvent?: (event: SweepEvent) => void;
  /** On abort every running trial saves a checkpoint and ends; the same sweep can be resumed. */
  readonly signal?: AbortSignal;
}

/** Returns the records of all started trials, in order, including failed ones. */
export async function runSweep(
  request: SweepRequest,
  { onEvent = () => undefined, signal }: SweepOptions = {},
): Promise<readonly TrialRecord[]> {
  const { trials, out, jobs } = request;
  const progress = new Map<number, TrialProgress>();
  const records: TrialRecord[] = [];
  const addRecord = (record: TrialRecord, earlier: boolean) => {
    records.push(record);
    progress.set(record.trial, { steps: record.steps, intermediateValues: record.intermediate_values });
    onEvent({ event: "trial", earlier, ...record });
  };
  const queue: { readonly trial: Trial; readonly earlierValues: readonly IntermediateValue[] }[] = [];
  for (const trial of trials) {
    const recorded = readTrial(out, trial.trial, trial.values);
    if (recorded !== undefined && recorded.state !== "interrupted") addRecord(recorded, true);
    else queue.push({ trial, earlierValues: recorded?.intermediate_values ?? [] });
  }
  const runQueue = async () => {
    for (let queued = queue.shift(); queued !== undefined && signal?.aborted !== true; queued = queue.shift()) {
      const { trial, earlierValues } = queued;
      onEvent({ event: "trial", state: "started", trial: trial.trial, values: trial.values });
      const record = await runTrial(request, trial, earlierValues, progress, onEvent, signal);
      writeTrial(out, record);
      addRecord(record, false);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, queue.length) }, runQueue));
  records.sort((a, b) => a.trial - b.trial);
  writeResults(out, records);
  return records;
}

async function runTrial(
  { folder, out, device, metric, mode, pruner, isCrossValidation = false }: SweepRequest,
  { trial, values, spec }: Trial,
  earlierValues: readonly IntermediateValue[],
  progress: Map<number, TrialProgress>,
  onEvent: (event: SweepEvent) => void,
  signal: AbortSignal | undefined,
): Promise<TrialRecord> {
  let steps = 0;
  let step = 0;
  let intermediateValues = earlierValues;
  let isPruned = false;
  const onTrialEvent = (event: TrainEvent) => {
    if (event.event === "start") {
      ({ steps, step } = event);
      intermediateValues = intermediateValues.filter((evaluation) => evaluation.step <= step);
    }
    // Evaluations after pruning are ignored: their number depends on timing.
    if (event.event !== "evaluation" || isPruned) return;
    step = event.step;
    const value = metricOf(event.metrics, metric);
    intermediateValues = [...intermediateValues.filter((evaluation) => evaluation.step < step), { step, value }];
    progress.set(trial, { steps, intermediateValues });
    onEvent({ event: "evaluation", trial, step, steps, value });
    isPruned = shouldPrune(pruner, progress, trial, mode);
    if (isPruned) trialProcess.stop();
  };
  const trialProcess = startTrialProcess(
    { spec, folder, out: trialFolder(out, trial), device, resume: true, init: null, disabledPasses: [] },
    onTrialEvent,
  );
  signal?.addEventListener("abort", trialProcess.stop, { once: true });
  if (signal?.aborted) trialProcess.stop();
  const result = await trialProcess.result;
  signal?.removeEventListener("abort", trialProcess.stop);

  const finalMetric = (metrics: SplitMetrics) =>
    isCrossValidation ? (metrics.test[metric] ?? Number.NaN) : metricOf(metrics, metric);
  const record = { trial, values, steps, intermediate_values: intermediateValues, message: "" };
  if (!result.ok) return { ...record, state: "failed", step, value: null, message: result.error };
  const done = result.value;
  const best = bestValue(
    intermediateValues.map(({ value }) => value),
    mode,
  );
  if (isPruned) return { ...record, state: "pruned", step, value: finiteOrNull(best) };
  return done.interrupted
    ? { ...record, state: "interrupted", step: done.step, value: finiteOrNull(best) }
    : { ...record, state: "done", step: done.step, value: finiteOrNull(finalMetric(done.metrics)) };
}

/** Trains in a process of its own. `stop` lets it save a checkpoint and end; a failure's error is its message. */
function startTrialProcess(request: TrainRequest, onEvent: (event: TrainEvent) => void) {
  const trialProcess = fork(trialProcessFile(), {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const send = (message: TrialCommand) => {
    if (trialProcess.connected) trialProcess.send(message);
  };
  const result = new Promise<Result<DoneEvent, string>>((resolve) => {
    let received: Result<DoneEvent, string> | undefined;
    trialProcess.on("message", (message: TrialMessage) => {
      if (message.type === "event") onEvent(message.event);
      else received = message.type === "outcome" ? withReason(message.outcome) : fail(message.message);
    });
    trialProcess.on("error", (error) => resolve(fail(error.message)));
    trialProcess.on("exit", (code, signalName) =>
      resolve(received ?? fail(`The trial's process ended with ${signalName ?? `code ${code}`}.`)),
    );
  });
  send({ type: "train", request });
  return { result, stop: () => send({ type: "stop" }) };
}

function withReason(outcome: TrainOutcome): Result<DoneEvent, string> {
  if (outcome.ok) return outcome;
  const { error } = outcome;
  return fail(error.kind === "failed" ? error.message : error.problems.map(({ message }) => message).join(" "));
}

/** A metric of the validation split, or of the training split without one. */
function metricOf({ validation, train }: SplitMetrics, metric: string): number {
  return (Object.keys(validation).length > 0 ? validation : train)[metric] ?? Number.NaN;
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** The compiled file: under the test runner, which runs the source, the one in dist/. */
function trialProcessFile(): string {
  const extension = extname(import.meta.url);
  const file = extension === ".ts" ? "../../dist/runtime/sweep/trial-process.js" : `./trial-process${extension}`;
  return fileURLToPath(new URL(file, import.meta.url));
}
