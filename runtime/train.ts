/** Trains a spec: starts the loop in a worker thread, or in several, so that this thread stays live while a session computes. */
import { join } from "node:path";
import { ReadableStream, type ReadableStreamDefaultController } from "node:stream/web";
import { Worker } from "node:worker_threads";
import type { SourceMap } from "../schema/diagnostics/source-map.js";
import { configureUcx, detectLaunch, threadLaunches } from "./distributed/launcher.js";
import { wakeRanks } from "./distributed/shared-memory.js";
import type { TrainEvent } from "./events.js";
import { outOfMemory, RunError, type TrainOutcome } from "./outcome.js";
import type { TrainRequest } from "./training/request.js";
import { mapPathsToSource } from "./training/spec-paths.js";
import type { WorkerData, WorkerMessage } from "./worker.js";

/**
 * What to train: a normal spec, as `readSpec` makes it, and what differs from the defaults. Those are the current folder for the spec's
 * relative paths, the run directory `runs/<name>`, the device that suits the model, a fresh start, and every pass of the compiler.
 */
export type TrainingRequest = Pick<TrainRequest, "spec"> & Partial<Omit<TrainRequest, "spec">>;

export interface TrainOptions {
  /** Called in this thread, in order. Step events arrive in bursts, one burst per call of the session. */
  readonly onEvent?: (event: TrainEvent) => void;
  /** Aborting asks the run to save a checkpoint after the call in flight and to end; the done event says `interrupted`. */
  readonly signal?: AbortSignal;
  /** Places problems in the user's text (`readSpec` gives them); without it their paths are those of the normalized spec. */
  readonly origins?: SourceMap;
}

/** A training that has begun. Await it for its outcome, or iterate over it for its events; both may be done. */
export interface Training extends Promise<TrainOutcome>, AsyncIterable<TrainEvent> {
  /**
   * The events from now on, in order; the last is `done`. Iterating throws a `RunError` where awaiting gives an outcome that is not ok.
   * Leaving the loop early ends the run as an abort does, and waits until its checkpoint is saved.
   */
  [Symbol.asyncIterator](): AsyncGenerator<TrainEvent, void, undefined>;
}

/**
 * Starts a training in a thread of its own and leaves a run directory: models, checkpoints, weights, metrics.
 *
 * ```ts
 * for await (const event of train({ spec, out: "runs/mine" })) {
 *   if (event.event === "evaluation") console.log(event.step, event.metrics);
 * }
 * ```
 *
 * Losses are those before the update of their step, steps count from 1, gradient norms are of all parameters together before clipping.
 *
 * @returns A promise of the outcome, which is also an async iterable of the events. What is wrong with the spec's data or with the request
 * is an outcome (`kind: "input"`, a list of problems with code, path, message and hint), and so is a run that failed (`kind: "failed"`:
 * a loss that is no number, memory, a device). It rejects on a mistake of rnnx alone.
 */
export function train(partialRequest: TrainingRequest, options: TrainOptions = {}): Training {
  const request = withDefaults(partialRequest);
  const { outcome, iterate } = startWorkers(request, options);
  const mappedOutcome = outcome.then((result) => mapPathsToSource(request.spec, options.origins, result));
  return Object.assign(mappedOutcome, { [Symbol.asyncIterator]: iterate });
}

/**
 * Joins a training that an MPI launcher started in several processes, as one that is not the first of them: what is trained, and how it
 * ended, is what the first one says. `train` does the same there.
 */
export function joinTraining(options: Pick<TrainOptions, "signal"> = {}): Promise<TrainOutcome> {
  return startWorkers(null, options).outcome;
}

/** Tells the other processes of a launch that there is nothing to train. Does nothing where this process is alone. */
export async function cancelTraining(): Promise<void> {
  if (detectLaunch() !== null) await startWorkers(null, {}).outcome;
}

function startWorkers(request: TrainRequest | null, options: TrainOptions) {
  const stopBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const launch = detectLaunch();
  if (launch !== null) configureUcx();
  const { ranks = 1 } = request ?? {};
  const threads = launch === null && ranks > 1 ? threadLaunches(ranks) : [];
  const workers = (threads.length > 0 ? threads : [launch]).map((workerLaunch, rank) => {
    const workerData: WorkerData = { request: rank === 0 ? request : null, launch: workerLaunch, stopBuffer };
    // The process's own flags may be about its main program (`--input-type`): a worker does not inherit them.
    return new Worker(workerFile(), { workerData, execArgv: [] });
  });
  const requestStop = () => {
    Atomics.store(new Int32Array(stopBuffer), 0, 1);
  };
  if (options.signal?.aborted) requestStop();
  options.signal?.addEventListener("abort", requestStop, { once: true });

  const listeners = new Set<ReadableStreamDefaultController<TrainEvent>>();
  const outcome = new Promise<TrainOutcome>((resolve, reject) => {
    let workerOutcome: TrainOutcome | undefined;
    let runningWorkers = workers.length;
    /** The first thing that went wrong counts: the other threads end because of it. */
    const handleFailure = (error: unknown) => {
      const failure = outOfMemory(error);
      if (failure === undefined) reject(error);
      else resolve(failure);
      for (const { sharedMemory } of threads) wakeRanks(sharedMemory);
    };
    for (const [rank, worker] of workers.entries()) {
      worker.on("message", (message: WorkerMessage) => {
        if (message.type === "broken") handleFailure(message.error);
        // The first one speaks for all.
        if (rank > 0) return;
        if (message.type === "outcome") workerOutcome = message.outcome;
        if (message.type !== "events") return;
        for (const event of message.events) {
          options.onEvent?.(event);
          for (const listener of listeners) listener.enqueue(event);
        }
      });
      worker.on("error", handleFailure);
      worker.on("exit", (code) => {
        if (code !== 0) handleFailure(new Error(`The training worker ended with code ${code} and said nothing.`));
        if (--runningWorkers > 0) return;
        options.signal?.removeEventListener("abort", requestStop);
        if (workerOutcome === undefined) reject(new Error("The training worker said nothing."));
        else resolve(workerOutcome);
      });
    }
  });

  const iterate = (): AsyncGenerator<TrainEvent, void, undefined> => {
    // Whoever iterates is told of a failure by the iteration.
    outcome.catch(() => undefined);
    return iterateEvents(eventStream(listeners, requestStop, outcome), outcome);
  };
  return { outcome, iterate };
}

function withDefaults({ spec, ...overrides }: TrainingRequest): TrainRequest {
  return {
    folder: process.cwd(),
    out: join("runs", spec.name),
    device: "auto",
    resume: false,
    init: null,
    disabledPasses: [],
    ...overrides,
    spec,
  };
}

/** The events that are sent to `listeners` from now on; cancelling it stops the run. */
function eventStream(
  listeners: Set<ReadableStreamDefaultController<TrainEvent>>,
  requestStop: () => void,
  outcome: Promise<TrainOutcome>,
): ReadableStream<TrainEvent> {
  let ownController: ReadableStreamDefaultController<TrainEvent>;
  const queuingStrategy = { highWaterMark: Number.POSITIVE_INFINITY };
  return new ReadableStream<TrainEvent>(
    {
      start(controller) {
        ownController = controller;
        listeners.add(controller);
        const end = () => {
          if (listeners.delete(controller)) controller.close();
        };
        outcome.then(end, end);
      },
      async cancel() {
        listeners.delete(ownController);
        requestStop();
        await outcome.catch(() => undefined);
      },
    },
    queuingStrategy,
  );
}

async function* iterateEvents(
  events: ReadableStream<TrainEvent>,
  outcome: Promise<TrainOutcome>,
): AsyncGenerator<TrainEvent, void, undefined> {
  for await (const event of events) yield event;
  const result = await outcome;
  if (!result.ok) throw new RunError(result.error);
}

/** A worker needs JavaScript: from source, under the test runner, it is the built one. */
function workerFile(): URL {
  const fromSource = import.meta.url.endsWith(".ts");
  return new URL(fromSource ? "../dist/runtime/worker.js" : "./worker.js", import.meta.url);
}
