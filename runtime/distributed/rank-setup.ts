/** Sets up a rank: data, compiled model and sessions, equal on all ranks. */

import { availableParallelism, cpus, hostname } from "node:os";
import type { Ports } from "../../compiler/artifact.js";
import { createEvaluator, type EvaluationSharding, type Evaluator } from "../evaluation/evaluator.js";
import { outputMetrics } from "../evaluation/forecast-metrics.js";
import { formatCount } from "../format.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import { type Failure, fail, ok, type Result } from "../result.js";
import type { TrainingTensors } from "../run/training-snapshot.js";
import { openStepRunner } from "../sessions/backend.js";
import type { Runner } from "../sessions/runner.js";
import { type Device, openSession, type SessionOptions } from "../sessions/session.js";
import { specFingerprint } from "../training/fingerprint.js";
import { planTraining, type TrainingPlan } from "../training/plan.js";
import type { TrainRequest } from "../training/request.js";
import type { Trainer } from "../training/trainer.js";
import { allGather, broadcastJson, type Communicator } from "./communicator.js";
import type { Launch } from "./launcher.js";
import { openLocalSgdTrainer } from "./local-sgd.js";
import { rowRange } from "./shard.js";
import { openSynchronousTrainer, type SharedTraining } from "./synchronous-trainer.js";

export interface RankSetup {
  readonly planned: TrainingPlan;
  readonly device: Device;
  readonly openTrainer: (start: TrainingTensors) => Trainer;
  /** Evaluates on this rank alone. */
  readonly localEvaluator: Evaluator;
  /** Divides each batch over all ranks, which must call it together. */
  readonly sharedEvaluator: Evaluator;
}

export type RankSetupResult = Result<RankSetup, RunFailure>;

/** Sets up all ranks. A failure of one rank fails all. */
export async function setUpRank(
  request: TrainRequest,
  communicator: Communicator,
  launch: Launch,
): Promise<RankSetupResult> {
  const result = await openRank(request, communicator, launch);
  const planned = result.ok ? result.value.planned : null;
  const reports = allGather(communicator, {
    host: hostname(),
    failure: result.ok ? null : result.error,
    identity: planned && [planned.source.digest, specFingerprint(planned.spec)],
  });
  const [first] = reports;
  for (const [rank, { host, failure, identity }] of reports.entries()) {
    if (failure !== null) return rank === 0 ? fail(failure) : remoteFailure(rank, host, failure);
    if (`${identity}` === `${first?.identity}`) continue;
    return runFailed(`Rank ${rank} on ${host} reads other data than rank 0 on ${first?.host}.`);
  }
  return result;
}

function remoteFailure(rank: number, host: string, failure: RunFailure): Failure<RunFailure> {
  const [text, hint] =
    failure.kind === "failed"
      ? [failure.message, failure.hint]
      : [failure.problems.map(({ message }) => message).join(" "), failure.problems[0]?.hint ?? ""];
  return runFailed(`Rank ${rank} on ${host}: ${text}`, hint);
}

async function openRank(request: TrainRequest, communicator: Communicator, launch: Launch): Promise<RankSetupResult> {
  const { distributed } = request.spec.train;
  const isLocalSgd = "average_every" in distributed;
  const planning = await planTraining(request, {
    processes: communicator.size,
    localProcesses: launch.localSize,
    agree: (settled) => broadcastJson(communicator, settled),
    isStepSplit: !isLocalSgd,
    // With local SGD each rank needs its own dropout masks.
    seedOffset: isLocalSgd ? communicator.rank : 0,
  });
  if (!planning.ok) return planning;
  const planned = planning.value;
  const { artifact, source, batchSchedule, spec, workPerSync } = planned;
  const failure = checkRequest(request, batchSchedule.batchSize, communicator);
  if (failure !== undefined) return failure;

  const { manifest, shard } = artifact;
  const sessionOptions: SessionOptions = {
    ...sessionOptionsOf(launch),
    ...(typeof request.threads === "number" && { requestedThreads: request.threads }),
  };
  const workPerRank = workPerSync / Math.sqrt(communicator.size);
  const evaluation = await openSession(artifact.eval, request.device, workPerRank, sessionOptions);
  if (!evaluation.ok) return runFailed(evaluation.error.message, evaluation.error.hint);
  const { device } = evaluation.value;
  const models: readonly (readonly [Uint8Array, Ports])[] =
    shard === null || manifest.shard === null
      ? [[artifact.train, manifest.train]]
      : [
          [shard.gradient, manifest.shard.gradient],
          [shard.update, manifest.shard.update],
        ];
  const runners: Runner[] = [];
  for (const [model, ports] of models) {
    const opened = await openStepRunner(device, model, ports, workPerRank, sessionOptions);
    if (!opened.ok) return runFailed(opened.error.message, opened.error.hint);
    runners.push(opened.value.runner);
  }
  const sharedTraining: SharedTraining = {
    manifest,
    stored: { parameter: manifest.parameters, slot: manifest.slots },
    source,
    batchSchedule,
    microBatches: Number(spec.train.accumulate),
  };
  const openTrainer = (start: TrainingTensors): Trainer => {
    const [gradientRunner, updateRunner] = runners;
    if (gradientRunner !== undefined && isLocalSgd)
      return openLocalSgdTrainer(communicator, gradientRunner, distributed.average_every, sharedTraining, start);
    if (gradientRunner === undefined || updateRunner === undefined || manifest.shard === null)
      throw new Error("The artifact has no gradient and update graphs.");
    return openSynchronousTrainer(
      communicator,
      { gradient: gradientRunner, update: updateRunner },
      manifest.shard,
      sharedTraining,
      start,
    );
  };
  const metrics = { outputMetrics: outputMetrics(spec, source) };
  const sharding: EvaluationSharding = {
    rows(batch) {
      return batch.subarray(...rowRange(batch.length, communicator));
    },
    allReduce(accumulators) {
      communicator.allReduce(accumulators);
      return accumulators;
    },
  };
  return ok({
    planned,
    device,
    openTrainer,
    localEvaluator: await createEvaluator(evaluation.value.session, manifest, source, metrics),
    sharedEvaluator: await createEvaluator(evaluation.value.session, manifest, source, { ...metrics, sharding }),
  });
}

function checkRequest(
  { device, spec, threads }: TrainRequest,
  rows: number,
  { size }: Communicator,
): Failure<RunFailure> | undefined {
  if (device === "webgpu") {
    const hint = "Start rnnx without an MPI launcher and without --ranks, or use another --device.";
    return runFailed("--device webgpu does not support distributed training.", hint);
  }
  if (threads === "auto") {
    const hint = "Set a number of --threads for each rank, or train without ranks.";
    return runFailed("--threads auto does not support distributed training.", hint);
  }
  if (!("average_every" in spec.train.distributed) || rows >= size) return undefined;
  return invalidInput([
    {
      code: "distributed-batch",
      path: "/train/batch_size",
      message: `A batch of ${formatCount(rows, "example")} is too small for local SGD on ${size} ranks.`,
      hint: `Use a batch_size of at least ${size}, or fewer ranks.`,
    },
  ]);
}

/**
 * Processes of a machine divide its cores, unless the launcher has bound each to some, and use a GPU each. Ranks that
 * are threads have single-threaded sessions, so results do not depend on the number of cores.
 */
function sessionOptionsOf(launch: Launch): SessionOptions {
  const { localRank, localSize } = launch;
  if ("sharedMemory" in launch) return { requestedThreads: 1, gpu: localRank };
  const cores = availableParallelism();
  const isBound = cores < cpus().length;
  return { maxThreads: Math.max(1, isBound ? cores : Math.floor(cores / localSize)), gpu: localRank };
}
