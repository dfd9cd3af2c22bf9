/** Trains a spec: starts the loop in a worker thread, so that this thread stays live while a session computes. */
import { Worker } from "node:worker_threads";
import type { Origins } from "../schema/origins.js";
import type { TrainEvent, TrainRequest } from "./events.js";
import { outOfMemory, type TrainOutcome } from "./outcome.js";
import { placeOutcome } from "./places.js";
import type { WorkerData, WorkerMessage } from "./worker.js";

export interface TrainOptions {
  /** Called in this thread, in order. Step events arrive in bursts, one burst per call of the session. */
  readonly onEvent: (event: TrainEvent) => void;
  /** Aborting asks the run to save a checkpoint after the call in flight and to end; the done event says `interrupted`. */
  readonly signal?: AbortSignal;
  /** Places problems in the user's text; without it their paths are those of the normalized spec. */
  readonly origins?: Origins;
}

export function train(request: TrainRequest, options: TrainOptions): Promise<TrainOutcome> {
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const workerData: WorkerData = { request, stop };
  // The process's own flags may be about its main program (`--input-type`): a worker does not inherit them.
  const worker = new Worker(workerFile(), { workerData, execArgv: [] });
  const askToStop = () => {
    Atomics.store(new Int32Array(stop), 0, 1);
  };
  if (options.signal?.aborted) askToStop();
  options.signal?.addEventListener("abort", askToStop, { once: true });

  return new Promise<TrainOutcome>((resolve, reject) => {
    let outcome: TrainOutcome | undefined;
    worker.on("message", (message: WorkerMessage) => {
      if (message.type === "outcome") outcome = message.outcome;
      else for (const event of message.events) options.onEvent(event);
    });
    worker.on("error", (error) => {
      const failure = outOfMemory(error);
      if (failure === undefined) reject(error);
      else resolve(failure);
    });
    worker.on("exit", (code) => {
      options.signal?.removeEventListener("abort", askToStop);
      if (outcome === undefined) reject(new Error(`The training worker ended with code ${code} and said nothing.`));
      else resolve(placeOutcome(request.spec, options.origins, outcome));
    });
  });
}

/** A worker needs JavaScript: from source, under the test runner, it is the built one. */
function workerFile(): URL {
  const fromSource = import.meta.url.endsWith(".ts");
  return new URL(fromSource ? "../dist/runtime/worker.js" : "./worker.js", import.meta.url);
}
