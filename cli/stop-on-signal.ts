/** What ends a run early: Ctrl-C and its kin, or a reader that left. It saves and ends; a second signal leaves at once. */
import { exitCodes } from "./exit-codes.js";

export interface StopSignal {
  /** Aborted by the first signal, or by the reader's leaving. */
  readonly signal: AbortSignal;
  /** The exit code of what came. */
  readonly exitCode: () => number;
  /** Stops listening. */
  readonly release: () => void;
}

type Cause = keyof typeof exitCodes.interrupted;
const signals = ["SIGINT", "SIGTERM"] as const;

export function stopOnSignal(log: (text: string) => void, outputClosed: AbortSignal): StopSignal {
  const controller = new AbortController();
  let first: Cause = "SIGINT";

  const stop = (cause: Cause) => {
    first = cause;
    controller.abort();
  };
  const onSignal = (signal: (typeof signals)[number]) => {
    if (controller.signal.aborted) {
      // A session in flight cannot be told to stop: only the signal's own action leaves without waiting for it.
      release();
      process.kill(process.pid, signal);
      return;
    }
    stop(signal);
    log("Stopping: the run saves a checkpoint and ends. Once more leaves at once, without one.");
  };
  const release = () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  outputClosed.addEventListener("abort", () => stop("SIGPIPE"), { once: true });

  return { signal: controller.signal, exitCode: () => exitCodes.interrupted[first], release };
}
