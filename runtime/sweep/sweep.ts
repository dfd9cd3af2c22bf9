/** Runs the trials of a sweep, several at a time, each in a process of its own; ends those that are not worth going on with. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { DoneEvent, SplitMetrics, TrainEvent, TrainRequest } from "../events.js";
import type { TrainOutcome } from "../outcome.js";
import { fail, type Result } from "../result.js";
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
  /** Folder that the specs' relative paths start from. */
  readonly folder: string;
  readonly out: string;
  /** Trials at a time. */
  readonly jobs: number;
  readonly device: TrainRequest["device"];
  /** Of the validation part where the data has one, else of the part to train on. */
  readonly metric: string;
  readonly mode: Mode;
  readonly stopping: Pruner;
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
  const progress = new Map<number, TrialProgress>();
  const records: TrialRecord[] = [];
  const addRecord = (record: TrialRecord, known: boolean) => {
    records.push(record);
    progress.set(record.trial, { steps: record.steps, intermediateValues: record.readings });
    onEvent({ event: "trial", known, ...record });
  };
  const queue: { readonly trial: Trial; readonly earlierValues: readonly IntermediateValue[] }[] = [];
  for (const trial of trials) {
    const known = readTrial(out, trial.trial, trial.values);
    if (known !== undefined && known.state !== "interrupted") addRecord(known, true);
    else queue.push({ trial, earlierValues: known?.readings ?? [] });
  }
  const runQueue = async () => {
    for (let queued = queue.shift(); queued !== undefined && signal?.aborted !== true; queued = queue.shift()) {
      const { trial, earlierValues: earlier } = queued;
      onEvent({ event: "trial", state: "started", trial: trial.trial, values: trial.values });
      const record = await runTrial(request, trial, earlier, progress, onEvent, signal);
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
  { folder, out, device, metric, mode, stopping }: SweepRequest,
  { trial, values, spec }: Trial,
  earlierValues: readonly IntermediateValue[],
  progress: Map<number, TrialProgress>,
  onEvent: (event: SweepEvent) => void,
  signal: AbortSignal | undefined,
): Promise<TrialRecord> {
  const trialProcess = fork(trialProcessFile(), {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const send = (message: TrialCommand) => {
    if (trialProcess.connected) trialProcess.send(message);
  };
  const request: TrainRequest = {
    spec,
    folder,
    out: trialFolder(out, trial),
    device,
    resume: true,
    init: null,
    disabledPasses: [],
  };
  let steps = 0;
  let step = 0;
  let readings = earlierValues;
  let isPruned = false;
  const onTrialEvent = (event: TrainEvent) => {
    if (event.event === "start") {
      ({ steps, step } = event);
      readings = readings.filter((reading) => reading.step <= step);
    }
    // What a stopped trial goes on to until it hears of it does not count: another time it would hear sooner or later.
    if (event.event !== "evaluation" || isPruned) return;
    step = event.step;
    readings = [...readings.filter((reading) => reading.step < step), { step, value: metricOf(event.metrics, metric) }];
    progress.set(trial, { steps, intermediateValues: readings });
    onEvent({ event: "evaluation", trial, step, steps, value: readings.at(-1)?.value ?? Number.NaN });
    isPruned = shouldPrune(stopping, progress, trial, mode);
    if (isPruned) send({ type: "stop" });
  };
  const abort = () => send({ type: "stop" });
  signal?.addEventListener("abort", abort, { once: true });
  send({ type: "train", request });
  if (signal?.aborted) abort();

  const result = await new Promise<Result<DoneEvent, string>>((resolve) => {
    let received: Result<DoneEvent, string> | undefined;
    trialProcess.on("message", (message: TrialMessage) => {
      if (message.type === "event") onTrialEvent(message.event);
      else received = message.type === "outcome" ? withReason(message.outcome) : fail(message.message);
    });
    trialProcess.on("error", (error) => resolve(fail(error.message)));
    trialProcess.on("exit", (code, signalName) =>
      resolve(received ?? fail(`Its process ended with ${signalName ?? `code ${code}`}.`)),
    );
  });
  signal?.removeEventListener("abort", abort);

  const record = { trial, values, steps, readings, message: "" };
  if (!result.ok) return { ...record, state: "failed", step, value: null, message: result.error };
  const done = result.value;
  const best = finiteOrNull(
    bestValue(
      readings.map(({ value }) => value),
      mode,
    ),
  );
  if (isPruned) return { ...record, state: "stopped", step, value: best };
  if (!done.interrupted)
    return { ...record, state: "done", step: done.step, value: finiteOrNull(metricOf(done.metrics, metric)) };
  return { ...record, state: "interrupted", step: done.step, value: best };
}

function withReason(outcome: TrainOutcome): Result<DoneEvent, string> {
  if (outcome.ok) return outcome;
  const { error } = outcome;
  return fail(error.kind === "failed" ? error.message : error.problems.map(({ message }) => message).join(" "));
}

/** A metric of the validation part, or of the part to train on where there is no other. */
function metricOf({ validation, train }: SplitMetrics, metric: string): number {
  return (Object.keys(validation).length > 0 ? validation : train)[metric] ?? Number.NaN;
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** A process needs JavaScript: from source, under the test runner, it is the built one. */
function trialProcessFile(): string {
  const isSource = import.meta.url.endsWith(".ts");
  return fileURLToPath(
    new URL(isSource ? "../../dist/runtime/sweep/trial-process.js" : "./trial-process.js", import.meta.url),
  );
}
