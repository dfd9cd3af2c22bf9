/** Trains a spec in one worker thread or several, so that this thread stays responsive while a session computes. */
import { extname, join } from "node:path";
import { ReadableStream, type ReadableStreamDefaultController } from "node:stream/web";
import { Worker } from "node:worker_threads";
import type { SourceMap } from "../schema/diagnostics/source-map.js";
import { configureUcx, detectLaunch, threadLaunches } from "./distributed/launcher.js";
import { wakeRanks } from "./distributed/shared-memory.js";
import type { TrainEvent } from "./events.js";
import { outOfMemory, RunError, type TrainOutcome } from "./outcome.js";
import { hasCudaProvider } from "./sessions/cuda-provider.js";
import { configureTf32 } from "./sessions/tf32.js";
import type { TrainRequest } from "./training/request.js";
import { mapPathsToSource } from "./training/spec-paths.js";
import type { WorkerData, WorkerMessage } from "./worker.js";

/**
 * A normalized spec, as `readSpec` returns it, and options. Defaults: relative paths start from the current folder, the
 * run directory is `runs/<name>`, the device is chosen automatically, the run is a new one, and all passes of the
 * compiler run.
 */
export type TrainingRequest = Pick<TrainRequest, "spec"> & Partial<Omit<TrainRequest, "spec">>;

export interface TrainOptions {
  /** Called in this thread, in order. Step events arrive in bursts: one for each call of the session. */
  readonly onEvent?: (event: TrainEvent) => void;
  /** Aborting saves a checkpoint after the current call and ends the run; the done event is then `interrupted`. */
  readonly signal?: AbortSignal;
  /**
   * Maps the paths of problems to the user's text (`readSpec` returns it); by default they refer to the normalized
   * spec.
   */
  readonly origins?: SourceMap;
}

/** A running training: await it for its outcome, iterate over it for its events, or both. */
export interface Training extends Promise<TrainOutcome>, AsyncIterable<TrainEvent> {
  /**
   * The events from now on, in order; the last is `done`. Throws a `RunError` where the outcome is a failure. Leaving
   * the loop early ends the run like an abort, and waits until its checkpoint is saved.
   */
  [Symbol.asyncIterator](): AsyncGenerator<TrainEvent, void, undefined>;
}

/**
 * Trains in a worker thread and writes a run directory: models, checkpoints, weights, metrics.
 *
 * ```ts
 * for await (const event of train({ spec, out: "runs/mine" })) {
 *   if (event.event === "evaluation") console.log(event.step, event.metrics);
 * }
 * ```
 *
 * Steps count from 1. The loss of a step is the loss before its update; gradient norms are global norms before
 * clipping.
 *
 * @returns A promise of the outcome, which is also an async iterable of the events. Invalid data or an invalid request
 * is a failure of `kind: "input"`, with problems (code, path, message, hint). A run that diverges, or lacks memory or a
 * device, is a failure of `kind: "failed"`. The promise rejects only on a bug of rnnx.
 */
export function train(partialRequest: TrainingRequest, options: TrainOptions = {}): Training {
  const request = withDefaults(partialRequest);
  const { outcome, iterate } = startWorkers(request, options);
  const mappedOutcome = outcome.then((result) => mapPathsToSource(request.spec, options.origins, result));
  return Object.assign(mappedOutcome, { [Symbol.asyncIterator]: iterate });
}

/**
 * Joins a training that an MPI launcher started in several processes, in a process other than rank 0. Request and
 * outcome are those of rank 0. `train` does the same there.
 */
export function joinTraining(options: Pick<TrainOptions, "signal"> = {}): Promise<TrainOutcome> {
  return startWorkers(null, options).outcome;
}

/** Cancels the training in all processes of an MPI launch. Does nothing in a single process. */
export async function cancelTraining(): Promise<void> {
  if (detectLaunch() !== null) await startWorkers(null, {}).outcome;
}

function startWorkers(request: TrainRequest | null, options: TrainOptions) {
  const stopBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const launch = detectLaunch();
  if (launch !== null) configureUcx();
  if (hasCudaProvider()) configureTf32();
  const { ranks = 1 } = request ?? {};
  const threads = launch === null && ranks > 1 ? threadLaunches(ranks) : [];
  const workers = (threads.length > 0 ? threads : [launch]).map((workerLaunch, rank) => {
    const workerData: WorkerData = { request: rank === 0 ? request : null, launch: workerLaunch, stopBuffer };
    // The process's flags may concern its main program (`--input-type`), so a worker does not inherit them.
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
    /** The first failure is reported: the other threads end because of it. */
    const handleFailure = (error: unknown) => {
      const failure = outOfMemory(error);
      if (failure === undefined) reject(error);
      else resolve(failure);
      for (const { sharedMemory } of threads) wakeRanks(sharedMemory);
    };
    for (const [rank, worker] of workers.entries()) {
      worker.on("message", (message: WorkerMessage) => {
        if (message.type === "broken") handleFailure(message.error);
        // Rank 0 reports for all ranks.
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
        if (code !== 0) handleFailure(new Error(`The training worker ended with code ${code} and no outcome.`));
        if (--runningWorkers > 0) return;
        options.signal?.removeEventListener("abort", requestStop);
        if (workerOutcome === undefined) reject(new Error("The training worker ended without an outcome."));
        else resolve(workerOutcome);
      });
    }
  });

  const iterate = (): AsyncGenerator<TrainEvent, void, undefined> => {
    // The iteration reports the failure.
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

/** The events from now on; cancelling the stream stops the run. */
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

/** The thread of the bundle, which loads a few files. This module is in the bundle, a built file, or a source under the test runner. */
function workerFile(): URL {
  const folder = { ".cjs": "./", ".js": "../program/", ".ts": "../dist/program/" }[extname(import.meta.url)];
  return new URL(`${folder}worker.cjs`, import.meta.url);
}
