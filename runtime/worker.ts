/** The training thread: runs the loop, sends its events, and reads the stop flag. */
import { parentPort, workerData } from "node:worker_threads";
import type { ProcessLaunch, ThreadLaunch } from "./distributed/launcher.js";
import type { DistributedObserver } from "./distributed/train.js";
import type { TrainEvent } from "./events.js";
import type { TrainOutcome } from "./outcome.js";
import { runTraining } from "./training/loop.js";
import type { TrainRequest } from "./training/request.js";

export interface WorkerData {
  /** Null where rank 0 sends it, and where the training is cancelled. */
  readonly request: TrainRequest | null;
  /** The rank of this thread in a distributed training; null in others. */
  readonly launch: ProcessLaunch | ThreadLaunch | null;
  /** One int32; any value but 0 makes the run save a checkpoint and end. */
  readonly stopBuffer: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly type: "events"; readonly events: readonly TrainEvent[] }
  | { readonly type: "outcome"; readonly outcome: TrainOutcome }
  /** A bug of rnnx, after which all ranks of a distributed training are aborted. */
  | { readonly type: "broken"; readonly error: unknown };

const port = parentPort;
if (port === null) throw new Error("The training worker was loaded outside a worker thread.");

const { request, launch, stopBuffer }: WorkerData = workerData;
const stopFlag = new Int32Array(stopBuffer);
const send = (message: WorkerMessage) => port.postMessage(message);

/** Milliseconds for the main thread to report the error before the process is aborted. */
const FAILURE_REPORT_MS = 500;

const observer: DistributedObserver = {
  emit: (events) => send({ type: "events", events }),
  shouldStop: () => Atomics.load(stopFlag, 0) !== 0,
  onCrash(error) {
    send({ type: "broken", error });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FAILURE_REPORT_MS);
  },
};
void runRequest().then((outcome) => send({ type: "outcome", outcome }));

async function runRequest(): Promise<TrainOutcome> {
  if (launch !== null) return (await import("./distributed/train.js")).trainDistributed(launch, request, observer);
  if (request === null) throw new Error("The training worker has no request.");
  return runTraining(request, observer);
}
