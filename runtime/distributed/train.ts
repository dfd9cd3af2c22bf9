/** A training that several processes or threads share: what each of them does, from joining the others to leaving them. */
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

export interface DistributedWatcher extends TrainingObserver {
  /** Told of a mistake of ours before all ranks are ended; returns when it has been said. */
  readonly onCrash: (error: unknown) => void;
}

/** What rank 0 trains, or the outcome that it had before there was anything to train. */
type RequestResult = Result<TrainRequest, RunFailure>;

/**
 * @param request what rank 0 was asked for; the other ranks learn it from there. Null at rank 0 calls the training off.
 * @returns rank 0's outcome, at all ranks.
 */
export async function trainDistributed(
  launch: ProcessLaunch | ThreadLaunch,
  request: TrainRequest | null,
  watcher: DistributedWatcher,
): Promise<TrainOutcome> {
  const opened = await joinRanks(launch);
  if (!opened.ok) {
    // The first process speaks for all of them, but it need not know what is wrong on another machine.
    if (launch.rank > 0) process.stderr.write(`rank ${launch.rank}, on ${hostname()}: ${opened.error.message}\n`);
    return runFailed(opened.error.message, opened.error.hint);
  }
  const communicator = opened.value;
  const train = async (sharedRequest: TrainRequest): Promise<TrainOutcome> => {
    if (communicator.rank === 0)
      return broadcastJson<TrainOutcome>(communicator, await coordinate(sharedRequest, communicator, launch, watcher));
    await runWorkerRank(sharedRequest, communicator, launch, watcher.shouldStop);
    return broadcastJson<TrainOutcome>(communicator, runFailed(""));
  };
  try {
    // What was wrong has been said where it was found.
    const cancelled = invalidInput([]);
    const received = broadcastJson<RequestResult>(communicator, request === null ? cancelled : ok(request));
    const outcome = received.ok ? await train(received.value) : received;
    communicator.finalize();
    return outcome;
  } catch (error) {
    watcher.onCrash(error);
    communicator.abort(1);
    throw error;
  }
}

async function joinRanks(launch: ProcessLaunch | ThreadLaunch): Promise<CommunicatorResult> {
  if (!("sharedMemory" in launch)) return connectMpi(launch);
  return ok(createThreadCommunicator(launch.sharedMemory, launch.rank, launch.size));
}
