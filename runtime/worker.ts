/** The thread that trains: runs the loop, sends its events, listens to the stop flag. */
import { parentPort, workerData } from "node:worker_threads";
import type { ProcessLaunch, ThreadLaunch } from "./distributed/launcher.js";
import type { DistributedObserver } from "./distributed/train.js";
import type { TrainEvent } from "./events.js";
import type { TrainOutcome } from "./outcome.js";
import { runTraining } from "./training/loop.js";
import type { TrainRequest } from "./training/request.js";

export interface WorkerData {
  /** Null where another rank knows it, or where the training is called off. */
  readonly request: TrainRequest | null;
  /** Which one this thread is of those that share the training; null where it is alone. */
  readonly launch: ProcessLaunch | ThreadLaunch | null;
  /** One int32: not zero asks the run to save and end. */
  readonly stopBuffer: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly type: "events"; readonly events: readonly TrainEvent[] }
  | { readonly type: "outcome"; readonly outcome: TrainOutcome }
  /** A mistake of ours: all ranks of a shared training end in a moment. */
  | { readonly type: "broken"; readonly error: unknown };

const port = parentPort;
if (port === null) throw new Error("The training worker was loaded outside a worker thread.");

const { request, launch, stopBuffer }: WorkerData = workerData;
const stopFlag = new Int32Array(stopBuffer);
const send = (message: WorkerMessage) => port.postMessage(message);

/** Milliseconds for the main thread to say what is broken before the process is ended. */
const FAILURE_REPORT_MS = 500;

const observer: DistributedObserver = {
  emit: (events) => send({ type: "events", events }),
  shouldStop: () => Atomics.load(stopFlag, 0) !== 0,
  onCrash(error) {
    send({ type: "broken", error });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FAILURE_REPORT_MS);
  },
};
send({ type: "outcome", outcome: await runRequest() });

async function runRequest(): Promise<TrainOutcome> {
  if (launch !== null) return (await import("./distributed/train.js")).trainDistributed(launch, request, observer);
  if (request === null) throw new Error("There is nothing to train.");
  return runTraining(request, observer);
}
