/** The training loop, from a request to a finished run directory. It may run in any thread. */

import { join } from "node:path";
import type { NormalTrain } from "../../schema/normal/index.js";
import { exampleCounts } from "../data/splits.js";
import type { TrainEvent } from "../events.js";
import { formatInteger } from "../format.js";
import { invalidInput, runFailed, type TrainOutcome } from "../outcome.js";
import { fail, ok, type Result } from "../result.js";
import { stepsPerSecond, writeRunEnvironment } from "../run/environment.js";
import { runFiles, writeRunInputs } from "../run/layout.js";
import { acquireLock } from "../run/lock.js";
import { type MetricsLog, openMetricsLog } from "../run/metrics-log.js";
import type { TrainingSnapshot } from "../run/training-snapshot.js";
import { durableFs, writeFileAtomic } from "../storage/durable-fs.js";
import { elementCount } from "../tensors/array.js";
import { feedsOf } from "../tensors/ort.js";
import { type Checkpointer, createCheckpointer } from "./checkpointer.js";
import { explainDivergence } from "./divergence.js";
import { prepareStep } from "./fine-tune/prepare.js";
import { finishRun } from "./finish.js";
import { explainIndexError } from "./index-error.js";
import { intervalsOf, isCheckpointDue, isDue, maxStepsPerCall } from "./intervals.js";
import { float16Notices, skippedUpdates } from "./loss-scale.js";
import { createMonitor, earlyStoppingNotice, type Monitor } from "./monitor.js";
import { type PreparedTraining, prepare } from "./prepare.js";
import type { TrainRequest } from "./request.js";
import { restoreSnapshot } from "./resume.js";
import { createStepReporter, type StepReporter } from "./step-report.js";
import { createStepsPerCallTuner, type StepsPerCallTuner } from "./steps-per-call.js";
import type { Trainer } from "./trainer.js";

export interface TrainingObserver {
  /** One burst of events, in order. */
  readonly emit: (events: readonly TrainEvent[]) => void;
  /** Called between calls of the sessions: true saves a checkpoint and ends the run. */
  readonly shouldStop: () => boolean;
}

export async function runTraining(request: TrainRequest, observer: TrainingObserver): Promise<TrainOutcome> {
  const { step } = request;
  const prepareResult = await (step === undefined ? prepare(request) : prepareStep({ ...request, step }));
  if (!prepareResult.ok) return prepareResult;
  const prepared = prepareResult.value;
  return trainWithLock({ ...request, spec: prepared.spec }, prepared, observer);
}

/** Trains while it holds the lock of the run directory. */
export async function trainWithLock(
  request: TrainRequest,
  prepared: PreparedTraining,
  observer: TrainingObserver,
): Promise<TrainOutcome> {
  const { out } = request;
  durableFs.makeFolder(out);
  const lockResult = acquireLock(out);
  if (!lockResult.ok) return runFailed(`The run directory "${out}" is in use: ${lockResult.error}`);
  try {
    return await trainFromStart(request, prepared, observer);
  } catch (error) {
    const problem = explainIndexError(error, request.spec);
    if (problem === undefined) throw error;
    return invalidInput([problem]);
  } finally {
    lockResult.value();
  }
}

async function trainFromStart(
  request: TrainRequest,
  prepared: PreparedTraining,
  observer: TrainingObserver,
): Promise<TrainOutcome> {
  const started = startRun(request, prepared, observer);
  if (!started.ok) return invalidInput(started.error);
  const { run, step } = started.value;
  try {
    return await runLoop(run, step);
  } finally {
    run.metricsLog.close();
  }
}

/**
 * A separate function, so that the trainer is the only holder of the snapshot's tensors and frees them as it replaces
 * them.
 */
function startRun(
  request: TrainRequest,
  prepared: PreparedTraining,
  observer: TrainingObserver,
): Result<{ readonly run: TrainingRun; readonly step: number }> {
  const { spec, out, folder } = request;
  const { source, artifact } = prepared;
  const restored = restoreSnapshot(request, source.digest, prepared.initialSnapshot);
  if (!restored.ok) return restored;
  const passed = checkStepsLeft(restored.value.snapshot.step, prepared.batchSchedule.steps);
  if (!passed.ok) return passed;
  const { metadata } = source;
  writeRunInputs(durableFs, out, spec, folder, artifact, { metadata, signature: source.signature(spec.train) });
  if (prepared.importedModel !== undefined)
    writeFileAtomic(durableFs, join(out, runFiles.training), prepared.importedModel.record);
  const { snapshot, notices } = restored.value;
  const { step, loss, progress } = snapshot;
  const trainer = prepared.createTrainer(snapshot);
  const metricsLog = openMetricsLog(join(out, runFiles.metrics), step);
  const run: TrainingRun = {
    request,
    prepared,
    trainer,
    metricsLog,
    monitor: createMonitor(request, prepared, trainer, progress, observer.shouldStop),
    reporter: createStepReporter(loss),
    checkpointer: createCheckpointer(request, source.digest, trainer, metricsLog, step),
    tuner: createStepsPerCallTuner(stepsPerCall(spec.train, prepared), batchBytes(prepared.batches(1, 1))),
    emit(events) {
      metricsLog.append(events);
      observer.emit(events);
    },
    shouldStop: observer.shouldStop,
  };
  const resumption = request.resume && step > 0 ? [resumeNotice(run, step)] : [];
  run.emit([...noticeEvents([...prepared.notices, ...notices, ...resumption]), ...startEvents(run, step)]);
  return ok({ run, step });
}

function resumeNotice({ prepared, monitor }: TrainingRun, step: number): string {
  const steps = formatInteger(prepared.batchSchedule.steps);
  const place = `The run continues at step ${formatInteger(step + 1)} of ${steps}.`;
  if (step === prepared.batchSchedule.steps)
    return `The run has reached its last step, ${steps}: there is nothing to train. Increase --steps to continue.`;
  return monitor.shouldStop()
    ? `Early stopping ended the run at step ${formatInteger(step)}: there is nothing to train.`
    : place;
}

/** A run may end at its last step again, but not before it. */
function checkStepsLeft(step: number, steps: number): Result<null> {
  if (step <= steps) return ok(null);
  return fail([
    {
      code: "steps-passed",
      path: "/train/steps",
      message: `The run has trained to step ${formatInteger(step)}, and ends at step ${formatInteger(steps)} by this spec.`,
      hint: "Resume it with more --steps, or train into another directory with --out.",
    },
  ]);
}

interface TrainingRun {
  readonly request: TrainRequest;
  readonly prepared: PreparedTraining;
  readonly trainer: Trainer;
  readonly metricsLog: MetricsLog;
  readonly monitor: Monitor;
  readonly reporter: StepReporter;
  readonly checkpointer: Checkpointer;
  readonly tuner: StepsPerCallTuner;
  readonly emit: TrainingObserver["emit"];
  readonly shouldStop: TrainingObserver["shouldStop"];
}

async function runLoop(run: TrainingRun, startStep: number): Promise<TrainOutcome> {
  const { prepared, trainer, monitor, reporter, checkpointer, tuner, emit, shouldStop } = run;
  const { spec, batchSchedule, textSampler } = prepared;
  const intervals = intervalsOf(spec.train, batchSchedule);
  let step = startStep;
  const stateAt = () => ({ step, loss: reporter.loss(), progress: monitor.progress() });
  const evaluateIfDue = async () => {
    const isPeriodic = isDue(step, intervals.evaluateEvery);
    if (isPeriodic || step === batchSchedule.steps) emit(await monitor.evaluate(step, isPeriodic));
  };

  // The evaluation of the last step, where the interrupt came during it.
  if (step > 0 && monitor.progress().latest?.step !== step) await evaluateIfDue();
  while (step < batchSchedule.steps && !monitor.shouldStop() && !shouldStop()) {
    const steps = Math.min(tuner.stepsPerCall(), maxStepsPerCall(step, batchSchedule, intervals));
    if (batchSchedule.resetsStatesAt(step + 1)) trainer.resetStates();
    const startedAt = performance.now();
    const result = await trainer.runSteps(step + 1, steps, monitor.learningRateScale());
    tuner.record(steps, performance.now() - startedAt);

    emit([...speedEvents(tuner), ...reporter.report(step + 1, result)]);
    emit(noticeEvents([...(prepared.threadTuner?.takeNotices() ?? []), ...(prepared.takeNotices?.() ?? [])]));
    const { nonFinite } = result;
    if (nonFinite !== null) return failDiverged(run, step, { ...result, nonFinite });
    step += steps;

    if (textSampler !== null && isDue(step, intervals.sampleEvery)) {
      const text = await textSampler.sample(step, feedsOf(await trainer.tensors("parameter")));
      emit([{ event: "sample", step, text }]);
    }
    await evaluateIfDue();
    if (isCheckpointDue(step, intervals) || monitor.isBest(step)) {
      const saved = await checkpointer.save(stateAt());
      if (!saved.ok) return saved;
      emit(saved.value);
    }
  }

  const saved = await checkpointer.save(stateAt());
  if (!saved.ok) return saved;
  emit(saved.value);
  return finish(run, stateAt());
}

async function failDiverged(
  { prepared, trainer, monitor, reporter, checkpointer }: TrainingRun,
  step: number,
  result: Parameters<typeof explainDivergence>[2]["result"],
): Promise<TrainOutcome> {
  const { spec, source, batches } = prepared;
  const {
    message,
    hint,
    source: origin,
  } = await explainDivergence(spec, source.signature(spec.train), {
    trainer,
    step,
    result,
    learningRateScale: monitor.learningRateScale(),
    batches,
    gradientNorms: reporter.gradientNorms(),
    isLocated: prepared.importedModel === undefined,
  });
  return runFailed(`${message}. ${checkpointer.lastCheckpointMessage()}`, hint, origin);
}

async function finish(
  { request, prepared, trainer, monitor, tuner, emit, shouldStop }: TrainingRun,
  state: Pick<TrainingSnapshot, "step" | "loss" | "progress">,
): Promise<TrainOutcome> {
  const { spec, device, batchSchedule } = prepared;
  const isComplete = state.step === batchSchedule.steps || monitor.shouldStop();
  if (state.step < batchSchedule.steps && isComplete) emit([earlyStoppingNotice(spec.train, state.step)]);
  const { notices, done } = await finishRun(
    request.out,
    prepared,
    { ...state, parameters: await trainer.tensors("parameter") },
    { skipped: await skippedUpdates(spec.train.precision, trainer), isComplete },
    shouldStop,
  );
  const measured = { device, threads: prepared.threadTuner?.threads(), ...tuner.timing() };
  writeRunEnvironment(durableFs, request.out, measured, request.resume);
  emit([...noticeEvents(prepared.threadTuner?.untriedNotices() ?? []), ...notices, done]);
  return ok(done);
}

function startEvents({ request: { out }, prepared }: TrainingRun, step: number): readonly TrainEvent[] {
  const { spec, artifact, source, batchSchedule, device } = prepared;
  const sizes = artifact.manifest.parameters.map(({ shape }) => elementCount(shape));
  const parameters = sizes.reduce((sum, size) => sum + size, 0);
  const examples = exampleCounts(source.splits);
  return [
    ...noticeEvents(float16Notices(spec.train.precision, device)),
    { event: "start", run: out, device, parameters, examples, step, steps: batchSchedule.steps },
  ];
}

function speedEvents(tuner: StepsPerCallTuner): readonly TrainEvent[] {
  const speed = stepsPerSecond(tuner.timing());
  return speed === null ? [] : [{ event: "speed", steps_per_second: speed }];
}

function noticeEvents(messages: readonly string[]): readonly TrainEvent[] {
  return messages.map((message) => ({ event: "notice", message }));
}

function stepsPerCall(
  { steps_per_call }: NormalTrain,
  { unrollsSteps = false }: PreparedTraining,
): NormalTrain["steps_per_call"] {
  return steps_per_call === "auto" && unrollsSteps ? 1 : steps_per_call;
}

function batchBytes(batch: ReadonlyMap<string, { readonly data: { readonly byteLength: number } }>): number {
  return [...batch.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}
