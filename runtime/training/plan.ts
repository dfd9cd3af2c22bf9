/**
 * The plan of a training: its data, compiled model, initial weights and batches. It opens no session, and writes
 * nothing.
 */

import type { Artifact } from "../../compiler/artifact.js";
import type { CompileOptions, SpecializedModels } from "../../compiler/compile.js";
import type { Signature } from "../../compiler/signature.js";
import { microBatchSizeOf } from "../../schema/micro-batches.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { type BatchSchedule, createBatchSchedule } from "../data/batching/batch-schedule.js";
import { type BatchLoader, createBatchLoader } from "../data/batching/batches.js";
import { createStatefulSchedule, isStateful } from "../data/batching/stateful-batches.js";
import { checkClassCount, checkDataShape, checkIdRange, checkWatchedSplit } from "../data/compatibility.js";
import { checkAlignments } from "../data/ctc-alignment.js";
import { openData } from "../data/index.js";
import { checkLongSequences } from "../data/long-sequences.js";
import { classNamesOf } from "../data/metadata.js";
import { checkShortSequences } from "../data/short-sequences.js";
import type { DataSource } from "../data/source.js";
import { checkSeasons } from "../evaluation/forecast-metrics.js";
import { formatCount, formatInteger } from "../format.js";
import { readInitialWeights } from "../import/initial-weights.js";
import { readModelWeights } from "../import/model-weights.js";
import { readTrainableModel, type TrainableModel } from "../import/trainable-model.js";
import { mergeWeights, readWordVectors } from "../import/word-vectors.js";
import { type ResolvedSpec, resolveBatchSize } from "../memory/batch-size.js";
import { checkMemory, type MemoryCheck } from "../memory/check.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { checkRunDirectory } from "../run/layout.js";
import { metadataOfWeights, openRun } from "../run/open.js";
import { withRecordedBatches } from "../run/recorded-batches.js";
import type { TrainingSnapshot } from "../run/training-snapshot.js";
import { portsWithRole } from "../sessions/ports.js";
import { estimateWorkPerSync, resolveDevice } from "../sessions/session.js";
import { loadModels } from "../storage/model-files.js";
import { resolveClassWeights } from "./class-weights.js";
import { checkResumable } from "./fingerprint.js";
import { checkInitialValues } from "./initial-values.js";
import type { TrainRequest } from "./request.js";
import { createInitialSnapshot, tensorsOfModel } from "./resume.js";
import { randomAdaptNotice, specNotices } from "./spec-notices.js";
import { identityOrigins } from "./spec-paths.js";
import { resolveSampleOptions, type SampleOptions } from "./text-samples.js";

export interface TrainingPlan {
  /** The request's, with numbers for its batches. */
  readonly spec: NormalSpec;
  readonly source: DataSource;
  readonly signature: Signature;
  readonly artifact: Artifact;
  readonly models: SpecializedModels;
  readonly batchSchedule: BatchSchedule;
  readonly batches: BatchLoader;
  /** Null without `train.sample`. */
  readonly samples: SampleOptions | null;
  /** Of a micro-batch, by `estimateWorkPerSync`. */
  readonly workPerSync: number;
  /** The snapshot of a run that resumes from no checkpoint. */
  readonly initialSnapshot: () => TrainingSnapshot;
  readonly notices: readonly string[];
}

export type PlanResult = Result<TrainingPlan, RunFailure>;

/** Data parallelism over several processes or threads. */
export interface DataParallel {
  readonly processes: number;
  /** Processes on this machine, which share its memory. */
  readonly localProcesses: number;
  /** Makes the resolved spec the same for all processes; null where one of them could not resolve it. */
  readonly agree: (resolved: ResolvedSpec | null) => ResolvedSpec | null;
  /** Compiles the step in two halves: gradient and update. */
  readonly isStepSplit: boolean;
  /** Added to the seed of the model's random operations. */
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
  const inputResult = await resolveInputs(request, dataParallel);
  if (!inputResult.ok) return inputResult;
  const { spec, source, signature, trainableModel, notices } = inputResult.value;
  const compileResult = await compileStep(request, inputResult.value, dataParallel);
  if (!compileResult.ok) return invalidInput(compileResult.problems);
  const { artifact, memoryAt, models, notices: compileNotices } = compileResult;
  const { manifest } = artifact;

  const weights = await readWeights(request, inputResult.value, artifact);
  const modelTensors = trainableModel === null ? ok(null) : await tensorsOfModel(trainableModel, manifest);
  const schedule = scheduleBatches(spec, source, artifact);
  const samples = resolveSampleOptions(spec, source);
  const problems = [
    ...checkIdRange(spec, signature, manifest, source),
    ...checkShortSequences(spec, source),
    ...checkSeasons(spec, source),
    ...checkAlignments(spec, manifest, source),
    ...checkLongSequences(spec, source),
    ...[weights, modelTensors, schedule, samples].flatMap((result) => (result.ok ? [] : result.error)),
    ...checkRunDirectory(request.out),
    ...(weights.ok && trainableModel === null && !request.resume
      ? checkInitialValues(spec, manifest.parameters, new Set(weights.value.tensors.keys()))
      : []),
  ];
  if (!weights.ok || !modelTensors.ok || !schedule.ok || !samples.ok || problems.length > 0)
    return invalidInput(problems);
  const memoryCheck = checkPeakMemory(spec, schedule.value.batchSize, memoryAt, dataParallel);
  if (memoryCheck.problems.length > 0 && request.force !== true) return invalidInput(memoryCheck.problems);

  // train.steps counts the updates of this run, after those of the model file.
  const batchSchedule = { ...schedule.value, steps: schedule.value.steps + (modelTensors.value?.step ?? 0) };
  return ok({
    spec,
    source,
    signature,
    artifact,
    models,
    batchSchedule,
    batches: createBatchLoader(source, batchSchedule),
    samples: samples.value,
    workPerSync: estimateWorkPerSync(manifest.parameters, microBatchSizeOf(spec.train, batchSchedule.batchSize)),
    initialSnapshot: () => createInitialSnapshot(spec.seed, manifest, weights.value.tensors, modelTensors.value),
    notices: [
      ...(source.notices ?? []),
      ...specNotices(spec, source),
      ...notices,
      ...compileNotices,
      ...memoryCheck.notices,
      ...weights.value.notices,
      ...(trainableModel === null && !request.resume
        ? randomAdaptNotice(spec, manifest.parameters, new Set(weights.value.tensors.keys()))
        : []),
      ...averageNotices(spec, manifest, batchSchedule.steps),
    ],
  });
}

function averageNotices(
  { optimizer: { average } }: NormalSpec,
  { train }: Artifact["manifest"],
  steps: number,
): readonly string[] {
  if (average === null) return [];
  if (average.start >= steps)
    return [
      `The average of the weights starts after update ${average.start}, but the run ends at step ${steps}: no weights are averaged.`,
    ];
  const [buffer] = portsWithRole(train.inputs, "buffer");
  if (buffer === undefined) return [];
  const layer = buffer.name.slice(0, buffer.name.lastIndexOf("/"));
  return [
    `The running statistics of ${layer} follow the weights before averaging: with averaged weights they are approximate.`,
  ];
}

interface TrainingInputs extends ResolvedSpec {
  readonly source: DataSource;
  readonly signature: Signature;
  readonly trainableModel: TrainableModel | null;
}

/** Calls `agree` exactly once, also on failure: all processes have to call it together. */
async function resolveInputs(
  request: TrainRequest,
  { agree }: DataParallel,
): Promise<Result<TrainingInputs, RunFailure>> {
  const spec = request.resume ? withRecordedBatches(request.spec, request.out) : request.spec;
  const opened = await openInputs(request, spec);
  const resolved = agree(
    opened.ok ? await resolveBatchSize(opened.value.spec, opened.value.source, request.memoryLimit) : null,
  );
  if (!opened.ok) return invalidInput(opened.error);
  if (resolved === null) return runFailed("The data could not be opened.");
  const { source, trainableModel, notices } = opened.value;
  const signature = source.signature(resolved.spec.train);
  const problems = [
    ...checkWatchedSplit(resolved.spec, source),
    ...(trainableModel === null
      ? checkClassCount(resolved.spec, source, signature)
      : checkDataShape(trainableModel.signature, signature)),
  ];
  if (problems.length > 0) return invalidInput(problems);
  return ok({ ...resolved, notices: [...notices, ...resolved.notices], source, signature, trainableModel });
}

const initOfResumedRun: RunProblem = {
  code: "init-resume",
  path: "",
  message: "A resumed run continues from its own weights, so --resume and --init cannot be used together.",
  hint: "Remove --init to continue the run; remove --resume, and name another directory with --out, to start a new one.",
};

async function openInputs(
  { resume, init, folder, out, fromModel }: TrainRequest,
  spec: NormalSpec,
): Promise<Result<Pick<TrainingInputs, "source" | "trainableModel" | "spec" | "notices">>> {
  if (resume && init !== null) return fail([initOfResumedRun]);
  const modelProblems = loadModels(spec.model, folder);
  if (modelProblems.length > 0) return fail(modelProblems);
  const resumeProblems = resume ? checkResumable(spec, out) : [];
  if (resumeProblems.length > 0) return fail(resumeProblems);
  const modelResult = fromModel === undefined ? ok(null) : await readTrainableModel(fromModel);
  if (!modelResult.ok) return modelResult;
  const trainableModel = modelResult.value;
  const resumedRun = resume ? openRun(out) : undefined;
  const recordedClasses = resumedRun?.ok ? classNamesOf(resumedRun.value.metadata) : undefined;
  const dataResult = await openData(spec, folder, trainableModel?.metadata, recordedClasses);
  if (!dataResult.ok) return dataResult;
  const source = dataResult.value;
  const weighted = resolveClassWeights(spec, source);
  return weighted.ok ? ok({ ...weighted.value, source, trainableModel }) : weighted;
}

async function compileStep(
  { device, disabledPasses, stopAfter, recurrence }: TrainRequest,
  { spec, signature }: TrainingInputs,
  { isStepSplit, seedOffset }: DataParallel,
) {
  const { compile } = await import("../../compiler/compile.js");
  return compile(seedOffset === 0 ? spec : { ...spec, seed: spec.seed + seedOffset }, signature, {
    origins: identityOrigins(spec),
    disabledPasses,
    stopAfter,
    recurrence,
    dataParallel: isStepSplit,
    ...targetOf(device),
  });
}

/** The target of the compiler for a device; none for the CPU. */
function targetOf(requested: TrainRequest["device"]): Pick<CompileOptions, "target"> {
  const device = resolveDevice(requested);
  return device === "cpu" ? {} : { target: device };
}

async function readWeights(
  { init, folder }: TrainRequest,
  { spec, signature, source: { metadata } }: TrainingInputs,
  { manifest: { parameters } }: Artifact,
) {
  const stored = await readModelWeights(spec, parameters);
  const vectors = mergeWeights(
    stored.ok ? ok({ tensors: stored.value, notices: [] }) : stored,
    await readWordVectors(spec, folder, metadata, parameters),
  );
  if (init === null) return vectors;
  const data = { signature, metadata, ofFile: metadataOfWeights(init.file) };
  return mergeWeights(vectors, await readInitialWeights(init, { spec, parameters, data }));
}

function checkPeakMemory(
  { train }: NormalSpec,
  batchSize: number,
  memoryAt: (batch: number) => number,
  { processes, localProcesses }: DataParallel,
): MemoryCheck {
  return checkMemory(train, batchSize, (batch) => localProcesses * memoryAt(Math.ceil(batch / processes)));
}

function scheduleBatches(
  { train, seed }: NormalSpec,
  source: DataSource,
  { manifest }: Artifact,
): Result<BatchSchedule> {
  if (isStateful(manifest)) return createStatefulSchedule(train, source.splits.train);
  const batchSchedule = createBatchSchedule(train, seed, source.buckets ?? [source.splits.train]);
  const { length } = source.splits.train;
  const location = { code: "accumulate-batch", path: "/train/accumulate" };
  if (batchSchedule.examples === 0) {
    const message = `The training split has ${formatCount(length, "example")}, fewer than the ${train.accumulate} micro-batches of a batch.`;
    return fail([{ ...location, message }]);
  }
  if (typeof train.batch_size === "number" || batchSchedule.examples === length) return ok(batchSchedule);
  const message = `A batch of all ${formatInteger(length)} training examples cannot be divided into ${train.accumulate} equal micro-batches.`;
  const hint = 'Set a "batch_size": the last batch of an epoch then leaves out the remainder.';
  return fail([{ ...location, message, hint }]);
}
