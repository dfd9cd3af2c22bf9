/** The thread that trains: runs the loop, sends its events, listens to the stop flag. */
import { parentPort, workerData } from "node:worker_threads";
import type { TrainEvent, TrainRequest } from "./events.js";
import { runTraining } from "./loop.js";
import type { TrainOutcome } from "./outcome.js";

export interface WorkerData {
  readonly request: TrainRequest;
  /** One int32: not zero asks the run to save and end. */
  readonly stop: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly type: "events"; readonly events: readonly TrainEvent[] }
  | { readonly type: "outcome"; readonly outcome: TrainOutcome };

const port = parentPort;
if (port === null) throw new Error("The training worker was loaded outside a worker thread.");

const { request, stop }: WorkerData = workerData;
const flag = new Int32Array(stop);
const send = (message: WorkerMessage) => port.postMessage(message);

const outcome = await runTraining(request, {
  emit: (events) => send({ type: "events", events }),
  stopping: () => Atomics.load(flag, 0) !== 0,
});
send({ type: "outcome", outcome });
