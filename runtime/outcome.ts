/** Outcomes of training and of other work on a run. */
import type { DoneEvent } from "./events.js";
import type { RunProblem } from "./problem.js";
import { type Failure, fail, type Result } from "./result.js";

export type TrainOutcome = Result<DoneEvent, RunFailure>;

/** The reason of a failure: invalid input, or another one. */
export type RunFailure =
  /** The spec, the data or a flag is invalid: exit code 2. Nothing was written. */
  | { readonly kind: "input"; readonly problems: readonly RunProblem[] }
  /** Everything else: exit code 1. */
  | {
      readonly kind: "failed";
      readonly message: string;
      readonly hint: string;
      /** The member of the spec that caused it, where it is known. */
      readonly source?: RunProblem;
    };

/** Thrown where a failure cannot be returned: by iterating over a training. */
export class RunError extends Error {
  override readonly name = "RunError";
  readonly failure: RunFailure;

  constructor(failure: RunFailure) {
    super(
      failure.kind === "input"
        ? failure.problems.map(formatProblem).join(" ")
        : `${failure.message} ${failure.hint}`.trim(),
    );
    this.failure = failure;
  }
}

function formatProblem({ path, message }: RunProblem): string {
  return path === "" ? message : `${path}: ${message}`;
}

export function runFailed(message: string, hint = "", source?: RunProblem): Failure<RunFailure> {
  return fail({ kind: "failed", message, hint, ...(source && { source }) });
}

export function invalidInput(problems: readonly RunProblem[]): Failure<RunFailure> {
  return fail({ kind: "input", problems });
}

/** The failure of an out-of-memory error, from any part of the process; undefined for other errors. */
export function outOfMemory(error: unknown): Failure<RunFailure> | undefined {
  if (!(error instanceof Error)) return undefined;
  const inWorker = "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
  if (!inWorker && !/bad_alloc|failed to allocate memory|array buffer allocation failed/i.test(error.message))
    return undefined;
  return runFailed("The run is out of memory.", "Use a smaller train.batch_size or a smaller model.");
}
