/**
 * Opens what a planned training computes with: the sessions of the device, the trainer, the evaluator and the text
 * sampler.
 */

import { createEvaluator, type Evaluator } from "../evaluation/evaluator.js";
import { outputMetrics } from "../evaluation/forecast-metrics.js";
import { availableMemory } from "../memory/available.js";
import { type RunFailure, runFailed } from "../outcome.js";
import { ok, type Result } from "../result.js";
import type { TrainingTensors } from "../run/training-snapshot.js";
import { openBackend } from "../sessions/backend.js";
import type { Device } from "../sessions/session.js";
import { openThreadTuner } from "../sessions/threads/open-tuner.js";
import type { ThreadTuner } from "../sessions/threads/thread-tuner.js";
import type { Tensors } from "../tensors/safetensors.js";
import { planTraining, type TrainingPlan } from "./plan.js";
import { fixedThreads, type TrainRequest } from "./request.js";
import { openTextSampler, type TextSampler } from "./text-samples.js";
import { createTrainer, type Trainer } from "./trainer.js";

export interface PreparedTraining
  extends Pick<
    TrainingPlan,
    "spec" | "source" | "artifact" | "batchSchedule" | "batches" | "initialSnapshot" | "notices"
  > {
  readonly createTrainer: (start: TrainingTensors) => Trainer;
  readonly evaluator: Evaluator;
  /** Null without `train.sample`. */
  readonly textSampler: TextSampler | null;
  readonly device: Device;
  /** Undefined where the number of threads is fixed. */
  readonly threadTuner?: ThreadTuner | undefined;
  /** True where a call of many steps is a model of many, without a loop over them. False by default. */
  readonly unrollsSteps?: boolean;
  /** Notices of the device's calls since it was last called. */
  readonly takeNotices?: (() => readonly string[]) | undefined;
  /** Of the step of another program's model. */
  readonly importedModel?: {
    /** The contents of `training.json`. */
    readonly record: Uint8Array;
    /** The model with other weights; null where it stores them in other files. */
    readonly withWeights: ((parameters: Tensors) => Uint8Array) | null;
  };
}

export type PrepareResult = Result<PreparedTraining, RunFailure>;

/** Prepares a training in this process alone. */
export async function prepare(request: TrainRequest): Promise<PrepareResult> {
  const planResult = await planTraining(request);
  if (!planResult.ok) return planResult;
  const { samples, workPerSync, models, signature, ...plan } = planResult.value;
  const { spec, source, artifact, batchSchedule, batches } = plan;
  const { manifest } = artifact;
  const storedTensors = { parameter: manifest.parameters, slot: manifest.slots };
  const timeSteps = signature.steps;
  const backendOptions = { artifact, models, workPerSync, threads: fixedThreads(request), timeSteps };
  const backendResult = await openBackend(request.device, backendOptions, () => batches(1, 1));
  if (!backendResult.ok) return runFailed(backendResult.error.message, backendResult.error.hint);
  const { training, evaluation, device, unrollsSteps, notice, fetchTensors, takeNotices } = backendResult.value;
  const { tuner, notices: tunerNotices } = openThreadTuner({
    ...{ runner: training, device, artifact, timeSteps, workPerSync, threads: request.threads },
    ...{ lastStep: batchSchedule.steps, availableMemory },
  });
  return ok({
    ...plan,
    threadTuner: tuner,
    createTrainer: (start) =>
      createTrainer(
        tuner ?? training,
        manifest.train,
        storedTensors,
        start,
        batchSchedule.batchSize,
        batches,
        fetchTensors,
      ),
    evaluator: await createEvaluator(evaluation, manifest, source, { outputMetrics: outputMetrics(spec, source) }),
    textSampler: samples && (await openTextSampler(spec, artifact, samples)),
    device,
    unrollsSteps,
    takeNotices,
    notices: [notice, ...tunerNotices, ...plan.notices].filter((text) => text !== ""),
  });
}
