/** What a training needs before it touches the disk: the data, the compiled model, first weights, a device. */
import type { Artifact } from "../../compiler/artifact.js";
import type { SpecializedModels } from "../../compiler/compile.js";
import type { Signature } from "../../compiler/signature.js";
import { microBatchSizeOf } from "../../schema/micro-batches.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { type BatchSchedule, createBatchSchedule } from "../data/batching/batch-schedule.js";
import { type BatchLoader, createBatchLoader } from "../data/batching/batches.js";
import { createStatefulSchedule, isStateful } from "../data/batching/stateful-batches.js";
import { checkDataShape, checkIdRange } from "../data/compatibility.js";
import { openData } from "../data/index.js";
import type { DataSource } from "../data/source.js";
import { createEvaluator, type Evaluator } from "../evaluation/evaluator.js";
import type { TrainRequest } from "../events.js";
import type { ImportedWeights, TargetModel } from "../import/index.js";
import { type InitialWeightsSource, readInitialWeights } from "../import/initial-weights.js";
import { findResumePoint, type ResumePoint, readTrainableModel } from "../import/trainable-model.js";
import { type ResolvedSpec, resolveBatchSize, withRecordedBatches } from "../memory/batch-size.js";
import { checkMemory } from "../memory/check.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import { fail, ok, type Result } from "../result.js";
import { checkRunDirectory } from "../run/layout.js";
import { openBackend } from "../sessions/backend.js";
import { type Device, estimateWorkPerSync } from "../sessions/session.js";
import type { Tensors } from "../tensors/safetensors.js";
import { identityOrigins } from "./spec-paths.js";
import { openTextSampler, resolveSampleOptions, type SampleOptions, type TextSampler } from "./text-samples.js";
import { createTrainer, type Trainer } from "./trainer.js";
import type { InitialState } from "./training-state.js";

/** A training that can begin: all that is known of it, and what computes. */
export interface PreparedTraining {
  /** The request's, with its batches settled. */
  readonly spec: NormalSpec;
  readonly source: DataSource;
  readonly artifact: Artifact;
  readonly batchSchedule: BatchSchedule;
  readonly batches: BatchLoader;
  /** The weights of `--init`, by public name. */
  readonly initialWeights: Tensors;
  /** Where the training of a model file stands that this run goes on with; null for a run of its own. */
  readonly resumePoint: ResumePoint | null;
  /** A trainer with the tensors of a start. */
  readonly createTrainer: (start: InitialState) => Trainer;
  readonly evaluator: Evaluator;
  /** Null where the spec asks for no samples. */
  readonly textSampler: TextSampler | null;
  readonly device: Device;
  /** What the user should hear before the run starts. */
  readonly notices: readonly string[];
}

export type PrepareResult = Result<PreparedTraining, RunFailure>;

/** All that is known of a training before it computes anything. */
export interface TrainingPlan
  extends Pick<
    PreparedTraining,
    "spec" | "source" | "artifact" | "batchSchedule" | "batches" | "initialWeights" | "resumePoint" | "notices"
  > {
  readonly signature: Signature;
  readonly models: SpecializedModels;
  readonly samples: SampleOptions | null;
  /** Of a batch, as `loadOf` says it. */
  readonly workPerSync: number;
}

export type PlanResult = Result<TrainingPlan, RunFailure>;

/** How a training differs that several processes or threads share. */
export interface DataParallel {
  readonly processes: number;
  /** Those of this machine, which share its memory. */
  readonly localProcesses: number;
  /** What the batches were settled as, or null where they could not be: afterwards the same for all processes. */
  readonly agree: (resolved: ResolvedSpec | null) => ResolvedSpec | null;
  /** Whether the step is wanted in two halves. */
  readonly isStepSplit: boolean;
  /** Added to the seed of what is random in the model. */
  readonly seedOffset: number;
}

const singleProcess: DataParallel = {
  processes: 1,
  localProcesses: 1,
  agree: (resolved) => resolved,
  isStepSplit: false,
  seedOffset: 0,
};

export async function planTraining(
  request: TrainRequest,
  dataParallel: DataParallel = singleProcess,
): Promise<PlanResult> {
  const { folder, out, init, disabledPasses, stopAfter } = request;
  const modelResult = request.fromModel === undefined ? null : await readTrainableModel(request.fromModel);
  const trainableModel = modelResult?.ok ? modelResult.value : null;
  const dataResult =
    modelResult?.ok === false ? modelResult : await openData(request.spec, folder, trainableModel?.metadata);
  const requestedSpec = request.resume ? withRecordedBatches(request.spec, out) : request.spec;
  const resolved = dataParallel.agree(
    dataResult.ok ? await resolveBatchSize(requestedSpec, dataResult.value, request.memoryLimit) : null,
  );
  if (!dataResult.ok) return invalidInput(dataResult.error);
  if (resolved === null) return runFailed("The data could not be opened.");
  const source = dataResult.value;
  const { spec, notices } = resolved;
  const signature = source.signature(spec.train);
  const shapeProblems = trainableModel === null ? [] : checkDataShape(trainableModel.signature, signature);
  if (shapeProblems.length > 0) return invalidInput(shapeProblems);

  const { compile } = await import("../../compiler/compile.js");
  const rankSpec = dataParallel.seedOffset === 0 ? spec : { ...spec, seed: spec.seed + dataParallel.seedOffset };
  const target = request.device === "webgpu" ? ({ target: "webgpu" } as const) : {};
  const options = {
    origins: identityOrigins(spec),
    disabledPasses,
    stopAfter,
    dataParallel: dataParallel.isStepSplit,
    ...target,
  };
  const compileResult = await compile(rankSpec, signature, options);
  if (!compileResult.ok) return invalidInput(compileResult.problems);
  const { artifact, memoryAt, models } = compileResult;
  const { parameters } = artifact.manifest;

  const initialWeights = await loadInitialWeights(init, { spec, parameters });
  const resumeResult = await findResumePoint(trainableModel, artifact.manifest);
  const trainingPlan = batchScheduleFor(spec, source, artifact);
  const samplesResult = resolveSampleOptions(spec, source);
  const problems = [
    ...checkIdRange(spec, signature, artifact.manifest, source),
    ...[initialWeights, resumeResult].flatMap((result) => (result.ok ? [] : result.error)),
    ...[trainingPlan, samplesResult].flatMap((result) => (result.ok ? [] : result.error)),
    ...checkRunDirectory(out),
  ];
  if (!initialWeights.ok || !resumeResult.ok || !trainingPlan.ok || !samplesResult.ok || problems.length > 0)
    return invalidInput(problems);
  const peakMemory = (batch: number) =>
    dataParallel.localProcesses * memoryAt(Math.ceil(batch / dataParallel.processes));
  const memoryCheck = checkMemory(spec.train, trainingPlan.value.batchSize, peakMemory);
  if (memoryCheck.problems.length > 0 && request.force !== true) return invalidInput(memoryCheck.problems);
  const resumePoint = resumeResult.value;
  // The spec says how many updates this run makes; they are counted from where the training stands.
  const batchSchedule = {
    ...trainingPlan.value,
    steps: trainingPlan.value.steps + (resumePoint?.step ?? 0),
  };
  return ok({
    spec,
    source,
    signature,
    artifact,
    models,
    batchSchedule,
    batches: createBatchLoader(source, batchSchedule),
    samples: samplesResult.value,
    workPerSync: estimateWorkPerSync(parameters, microBatchSizeOf(spec.train, batchSchedule.batchSize)),
    initialWeights: initialWeights.value.tensors,
    resumePoint,
    notices: [...notices, ...memoryCheck.notices, ...initialWeights.value.notices],
  });
}

/** Prepares a training in this process alone. */
export async function prepare(request: TrainRequest): Promise<PrepareResult> {
  const planResult = await planTraining(request);
  if (!planResult.ok) return planResult;
  const { samples, workPerSync, models, signature, ...trainingPlan } = planResult.value;
  const { spec, source, artifact, batchSchedule, batches } = trainingPlan;
  const { manifest } = artifact;
  const storedTensors = { parameter: manifest.parameters, slot: manifest.slots };
  const backendOptions = { artifact, models, workPerSync, threads: request.threads, timeSteps: signature.steps };
  const backendResult = await openBackend(request.device, backendOptions, () => batches(1, 1));
  if (!backendResult.ok) return runFailed(backendResult.error.message, backendResult.error.hint);
  const { training, evaluation, device, notice, fetchTensors } = backendResult.value;
  return ok({
    ...trainingPlan,
    createTrainer: (start) =>
      createTrainer(training, manifest.train, storedTensors, start, batchSchedule.batchSize, batches, fetchTensors),
    evaluator: await createEvaluator(evaluation, manifest, source),
    textSampler: samples && (await openTextSampler(spec, artifact, samples)),
    device,
    notices: [notice, ...trainingPlan.notices].filter((text) => text !== ""),
  });
}

async function loadInitialWeights(
  init: InitialWeightsSource | null,
  model: TargetModel,
): Promise<Result<ImportedWeights>> {
  return init === null ? ok({ tensors: new Map(), notices: [] }) : readInitialWeights(init, model);
}

function batchScheduleFor(
  { train, seed }: NormalSpec,
  source: DataSource,
  { manifest }: Artifact,
): Result<BatchSchedule> {
  if (isStateful(manifest)) return createStatefulSchedule(train, source.splits.train);
  const batchSchedule = createBatchSchedule(train, seed, source.buckets ?? [source.splits.train]);
  const { length } = source.splits.train;
  const location = { code: "accumulate-batch", path: "/train/accumulate" };
  if (batchSchedule.examples === 0)
    return fail([
      {
        ...location,
        message: `There are fewer examples to train on than the ${train.accumulate} portions of a batch.`,
      },
    ]);
  if (typeof train.batch_size === "number" || batchSchedule.examples === length) return ok(batchSchedule);
  return fail([
    {
      ...location,
      message: `All ${length} examples in one batch do not fall into ${train.accumulate} equal portions.`,
      hint: 'Give a "batch_size": the last batch of an epoch then leaves out what is over.',
    },
  ]);
}
