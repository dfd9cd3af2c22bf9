/** Distributed training on processes or threads: joins the ranks, trains, and leaves. */
import { hostname } from "node:os";
import { invalidInput, type RunFailure, runFailed, type TrainOutcome } from "../outcome.js";
import { ok, type Result } from "../result.js";
import type { TrainingObserver } from "../training/loop.js";
import type { TrainRequest } from "../training/request.js";
import { broadcastJson } from "./communicator.js";
import { coordinate } from "./coordinator.js";
import type { ProcessLaunch, ThreadLaunch } from "./launcher.js";
import { type CommunicatorResult, connectMpi } from "./mpi.js";
import { createThreadCommunicator } from "./shared-memory.js";
import { runWorkerRank } from "./worker-rank.js";

export interface DistributedObserver extends TrainingObserver {
  /** Called with an exception, which is a bug, before all ranks are aborted. */
  readonly onCrash: (error: unknown) => void;
}

/** The request of rank 0, or its failure before training. */
type RequestResult = Result<TrainRequest, RunFailure>;

/**
 * @param request of rank 0, which it sends to the other ranks. Null on rank 0 cancels the training.
 * @returns rank 0's outcome, on all ranks.
 */
export async function trainDistributed(
  launch: ProcessLaunch | ThreadLaunch,
  request: TrainRequest | null,
  observer: DistributedObserver,
): Promise<TrainOutcome> {
  const opened = await joinRanks(launch);
  if (!opened.ok) {
    // Rank 0 reports for all ranks, but may not see the errors of another machine.
    if (launch.rank > 0) process.stderr.write(`rank ${launch.rank} on ${hostname()}: ${opened.error.message}\n`);
    return runFailed(opened.error.message, opened.error.hint);
  }
  const communicator = opened.value;
  const train = async (sharedRequest: TrainRequest): Promise<TrainOutcome> => {
    if (communicator.rank === 0)
      return broadcastJson<TrainOutcome>(communicator, await coordinate(sharedRequest, communicator, launch, observer));
    await runWorkerRank(sharedRequest, communicator, launch, observer.shouldStop);
    return broadcastJson<TrainOutcome>(communicator, runFailed(""));
  };
  try {
    // The failure has been reported where it occurred.
    const cancelled = invalidInput([]);
    const received = broadcastJson<RequestResult>(communicator, request === null ? cancelled : ok(request));
    const outcome = received.ok ? await train(received.value) : received;
    communicator.finalize();
    return outcome;
  } catch (error) {
    observer.onCrash(error);
    communicator.abort(1);
    throw error;
  }
}

async function joinRanks(launch: ProcessLaunch | ThreadLaunch): Promise<CommunicatorResult> {
  if (!("sharedMemory" in launch)) return connectMpi(launch);
  return ok(createThreadCommunicator(launch.sharedMemory, launch.rank, launch.size));
}
