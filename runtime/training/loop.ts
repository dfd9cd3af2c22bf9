/** The training loop, from a request to a finished run directory. It may run in any thread. */
import { join } from "node:path";
import { microBatchSizeOf } from "../../schema/micro-batches.js";
import type { NormalTrain } from "../../schema/normal/index.js";
import { isStateful } from "../data/batching/stateful-batches.js";
import { monitoredSplits } from "../evaluation/evaluator.js";
import { previewExamples, summarizePredictions } from "../evaluation/prediction-summary.js";
import type { TrainEvent, TrainRequest } from "../events.js";
import { invalidInput, runFailed, type TrainOutcome } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { writeCheckpoint } from "../run/checkpoint.js";
import { writeRunEnvironment } from "../run/environment.js";
import { runFiles, writeRunInputs } from "../run/layout.js";
import { acquireLock } from "../run/lock.js";
import { openMetricsLog } from "../run/metrics-log.js";
import type { Device } from "../sessions/session.js";
import { durableFs } from "../storage/durable-fs.js";
import { elementCount } from "../tensors/array.js";
import { feedsOf } from "../tensors/ort.js";
import { shortestDecimal } from "../tensors/rows.js";
import { explainDivergence } from "./divergence.js";
import { shouldStopEarly, updateProgress } from "./early-stopping.js";
import { specFingerprint } from "./fingerprint.js";
import { finishRun } from "./finish.js";
import { float16Notices, lossScaleFields, skipNotice, skippedUpdates } from "./loss-scale-notices.js";
import { type PreparedTraining, prepare } from "./prepare.js";
import { updatePlateau } from "./reduce-lr-on-plateau.js";
import { restoreOrInitialize, type StartState } from "./resume.js";
import { createStepsPerCallTuner, intervalsOf, isDue, maxStepsPerCall } from "./steps-per-call.js";
import type { Trainer, UpdateMetrics } from "./trainer.js";

/** Norms of gradients that are at hand when a run diverges. */
const GRADIENT_NORM_HISTORY = 50;

export interface TrainingObserver {
  /** One burst of events, in order. */
  readonly emit: (events: readonly TrainEvent[]) => void;
  /** Asked between calls of the session: true saves a checkpoint and ends the run. */
  readonly shouldStop: () => boolean;
}

export async function runTraining(request: TrainRequest, observer: TrainingObserver): Promise<TrainOutcome> {
  const prepareResult = await prepare(request);
  if (!prepareResult.ok) return prepareResult;
  const prepared = prepareResult.value;
  return trainWithLock({ ...request, spec: prepared.spec }, prepared, observer);
}

/** Trains where no other process does. */
export async function trainWithLock(
  request: TrainRequest,
  prepared: PreparedTraining,
  observer: TrainingObserver,
): Promise<TrainOutcome> {
  durableFs.makeFolder(request.out);
  const lockResult = acquireLock(request.out);
  if (!lockResult.ok) return runFailed(`The run directory "${request.out}" is in use: ${lockResult.error}`);
  try {
    const startResult = await startTraining(request, prepared);
    return startResult.ok
      ? await runLoop(startResult.value, request, prepared, observer)
      : invalidInput(startResult.error);
  } finally {
    lockResult.value();
  }
}

/** A run at its start, whose tensors the trainer alone holds: they are let go as it replaces them. */
interface TrainingStart extends Pick<StartState, "step" | "loss" | "progress" | "notices"> {
  readonly trainer: Trainer;
}

async function startTraining(request: TrainRequest, prepared: PreparedTraining): Promise<Result<TrainingStart>> {
  const stateResult = restoreOrInitialize(request, prepared);
  if (!stateResult.ok) return stateResult;
  const { artifact, source } = prepared;
  const signature = source.signature(request.spec.train);
  writeRunInputs(durableFs, request.out, request.spec, request.folder, artifact, {
    metadata: source.metadata,
    signature,
  });
  const trainer = prepared.createTrainer(stateResult.value);
  const { step, loss, progress, notices } = stateResult.value;
  return ok({ step, loss, progress, notices, trainer });
}

async function runLoop(
  start: TrainingStart,
  request: TrainRequest,
  prepared: PreparedTraining,
  observer: TrainingObserver,
): Promise<TrainOutcome> {
  const { spec, out } = request;
  const { source, artifact, batchSchedule, batches, textSampler: sampler, evaluator } = prepared;
  const { manifest } = artifact;
  const { trainer } = start;
  const intervals = intervalsOf(spec.train, batchSchedule);
  const tuner = createStepsPerCallTuner(resolveStepsPerCall(spec.train, prepared.device), batchBytes(batches(1, 1)));
  const metricsLog = openMetricsLog(join(out, runFiles.metrics), start.step);
  const microBatchSize = microBatchSizeOf(spec.train, batchSchedule.batchSize);
  const monitored = monitoredSplits(source.splits, isStateful(manifest));
  const fingerprint = { seed: spec.seed, spec: specFingerprint(spec), data: source.digest };

  let { step, loss, progress } = start;
  let timing = { updates: 0, seconds: 0 };
  let lastSavedStep = start.step === 0 ? undefined : start.step;
  let gradientNorms: readonly number[] = [];
  let hasReportedSkip = false;

  const emit = (events: readonly TrainEvent[]) => {
    metricsLog.append(events);
    observer.emit(events);
  };
  const evaluate = async () => {
    const metrics = await evaluator.splitMetrics(await trainer.parameters(), monitored, microBatchSize);
    emit([{ event: "evaluation", epoch: batchSchedule.epochOf(step), step, metrics }]);
    const isPeriodic = isDue(step, intervals.evaluateEvery);
    progress = updateProgress(spec.train, progress, { step, metrics }, isPeriodic);
    if (isPeriodic)
      progress = { ...progress, plateau: updatePlateau(spec.optimizer.schedule, progress.plateau, metrics) };
    if (request.reportPredictions === true) {
      const { split, examples } = previewExamples(source.splits);
      const context = { evaluator, parameters: await trainer.parameters(), spec, source };
      emit([{ event: "predictions", step, split, summary: await summarizePredictions(context, examples) }]);
    }
  };
  /** Why no checkpoint could be saved; undefined when it was. */
  const saveCheckpoint = async (): Promise<TrainOutcome | undefined> => {
    if (lastSavedStep === step) return undefined;
    metricsLog.sync();
    const state = { format: 1 as const, step, loss, ...fingerprint, memory: progress };
    const parameters = await trainer.tensors("parameter");
    const slots = await trainer.tensors("slot");
    const checkpoint = { state, parameters, slots, states: await trainer.tensors("state") };
    const writeResult = writeCheckpoint(durableFs, join(out, runFiles.checkpoints), checkpoint, spec.train);
    if (!writeResult.ok) {
      const message = `The checkpoint of step ${step} could not be written: ${writeResult.error}. ${lastCheckpointMessage()}`;
      return runFailed(message, "When there is room for it, the same command with --resume goes on.");
    }
    lastSavedStep = step;
    emit([{ event: "checkpoint", step, path: writeResult.value }]);
    return undefined;
  };
  const lastCheckpointMessage = () =>
    lastSavedStep === undefined
      ? "There is no checkpoint before it."
      : `The checkpoint of step ${lastSavedStep} is good.`;

  try {
    emit(startEvents(start, request, prepared));

    while (step < batchSchedule.steps && !shouldStopEarly(spec.train, progress) && !observer.shouldStop()) {
      const callSteps = Math.min(tuner.stepsPerCall(), maxStepsPerCall(step, batchSchedule, intervals));
      if (batchSchedule.resetsStatesAt(step + 1)) trainer.resetStates();
      const startedAt = performance.now();
      const learningRateScale = progress.plateau?.scale ?? 1;
      const result = await trainer.advance(step + 1, callSteps, learningRateScale);
      const elapsed = performance.now() - startedAt;
      tuner.record(callSteps, elapsed);
      timing = { updates: timing.updates + callSteps, seconds: timing.seconds + elapsed / 1000 };

      const { losses, nonFinite } = result;
      emit(
        stepEvents(step + 1, nonFinite !== null && "update" in nonFinite ? nonFinite.update : losses.length, result),
      );
      const skipEvent: TrainEvent | undefined = hasReportedSkip ? undefined : skipNotice(step + 1, result.lossScales);
      if (skipEvent !== undefined) emit([skipEvent]);
      hasReportedSkip ||= skipEvent !== undefined;
      if (nonFinite !== null) {
        const signature = source.signature(spec.train);
        const divergedUpdate = {
          trainer,
          step,
          result: { ...result, nonFinite },
          learningRateScale,
          batches,
          gradientNorms,
        };
        const { message, hint, source: sourceProblem } = await explainDivergence(spec, signature, divergedUpdate);
        return runFailed(`${message}. ${lastCheckpointMessage()}`, hint, sourceProblem);
      }
      step += callSteps;
      loss = losses.at(-1) ?? loss;
      gradientNorms = [...gradientNorms, ...result.gradientNorms].slice(-GRADIENT_NORM_HISTORY);

      if (sampler !== null && isDue(step, intervals.sampleEvery))
        emit([
          { event: "sample", step, text: await sampler.sample(step, feedsOf(await trainer.tensors("parameter"))) },
        ]);
      if (isDue(step, intervals.evaluateEvery) || step === batchSchedule.steps) await evaluate();
      const isCheckpointDue = [intervals.checkpointEvery, intervals.keepEvery].some((interval) =>
        isDue(step, interval),
      );
      const saveFailure = isCheckpointDue || progress.best?.step === step ? await saveCheckpoint() : undefined;
      if (saveFailure !== undefined) return saveFailure;
    }

    const saveFailure = await saveCheckpoint();
    if (saveFailure !== undefined) return saveFailure;
    const isStoppedEarly = shouldStopEarly(spec.train, progress);
    if (isStoppedEarly && step < batchSchedule.steps) emit([earlyStoppingNotice(spec.train, step)]);
    const parameters = await trainer.tensors("parameter");
    const interrupted = step < batchSchedule.steps && !isStoppedEarly;
    const { notices, done } = await finishRun(request, prepared, evaluator, {
      step,
      loss,
      progress,
      parameters,
      skipped: await skippedUpdates(spec.train.precision, trainer),
      interrupted,
    });
    writeRunEnvironment(durableFs, out, { device: prepared.device, ...timing });
    emit([...notices, done]);
    return ok(done);
  } finally {
    metricsLog.close();
  }
}

function startEvents(
  { step, notices }: TrainingStart,
  { out, spec }: TrainRequest,
  { artifact, source, batchSchedule, device, notices: preparationNotices }: PreparedTraining,
): readonly TrainEvent[] {
  const messages = [...preparationNotices, ...notices, ...float16Notices(spec.train.precision, device)];
  const sizes = artifact.manifest.parameters.map(({ shape }) => elementCount(shape));
  const parameters = sizes.reduce((sum, size) => sum + size, 0);
  return [
    ...messages.map((message) => ({ event: "notice", message }) as const),
    { event: "start", run: out, device, parameters, examples: source.examples, step, steps: batchSchedule.steps },
  ];
}

/** WebGPU's steps are laid out one after the other: a call of many would be a model of many. */
function resolveStepsPerCall({ steps_per_call }: NormalTrain, device: Device): NormalTrain["steps_per_call"] {
  return steps_per_call === "auto" && device === "webgpu" ? 1 : steps_per_call;
}

function earlyStoppingNotice({ early_stopping }: NormalTrain, step: number): TrainEvent {
  const { metric = "", patience = 0 } = early_stopping ?? {};
  const message = `The ${metric} of the validation part has not become better in ${patience} evaluations: the run ends at step ${step}.`;
  return { event: "notice", message };
}

function stepEvents(
  first: number,
  count: number,
  { losses, gradientNorms, learningRates, lossScales }: UpdateMetrics,
): readonly TrainEvent[] {
  return Array.from(losses.subarray(0, count), (loss, index) => ({
    event: "step",
    step: first + index,
    loss,
    gradient_norm: gradientNorms[index] ?? 0,
    learning_rate: shortestDecimal(learningRates[index] ?? 0),
    ...lossScaleFields(lossScales, index),
  }));
}

function batchBytes(batch: ReadonlyMap<string, { readonly data: { readonly byteLength: number } }>): number {
  return [...batch.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}
