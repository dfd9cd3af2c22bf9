/** SIGINT and SIGTERM: commands that exit on one, and commands that finish their work first. */
import { exitCodes } from "./exit-codes.js";

const signals = ["SIGINT", "SIGTERM"] as const;
type Signal = (typeof signals)[number];

function listen(onSignal: (signal: Signal) => void): () => void {
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
}

/** Runs `work`. A signal exits at once through Node's exit handlers, which remove temporary files. */
export async function exitOnSignal<T>(work: () => Promise<T>): Promise<T> {
  const release = listen((signal) => process.exit(exitCodes.interrupted[signal]));
  try {
    return await work();
  } finally {
    release();
  }
}

/** Resolves with the first signal. */
export function waitForSignal(): Promise<Signal> {
  return new Promise((resolve) => {
    const release = listen((signal) => {
      release();
      resolve(signal);
    });
  });
}

export interface StopSignal {
  /** Aborted by the first signal, or when the reader of stdout closes it. */
  readonly signal: AbortSignal;
  /** The exit code for the cause of the abort. */
  readonly exitCode: () => number;
  /** Removes the listeners. */
  readonly release: () => void;
}

/**
 * Asks the work to stop at the first signal; the second one ends the process at once.
 *
 * @param quitText printed before that end, unless it is empty.
 */
export function stopOnSignal(
  log: (text: string) => void,
  outputClosed: AbortSignal,
  quitText: () => string = () => "",
): StopSignal {
  const controller = new AbortController();
  let cause: keyof typeof exitCodes.interrupted = "SIGINT";

  const stop = (stopCause: typeof cause) => {
    cause = stopCause;
    controller.abort();
  };
  const release = listen((signal) => {
    if (controller.signal.aborted) {
      // A session in flight cannot be canceled: only the signal's default action ends the process at once.
      release();
      const text = quitText();
      if (text !== "") log(text);
      process.kill(process.pid, signal);
      return;
    }
    stop(signal);
    log("Stopping after a checkpoint. Press Ctrl-C again to quit immediately without saving.");
  });
  outputClosed.addEventListener("abort", () => stop("SIGPIPE"), { once: true });

  return { signal: controller.signal, exitCode: () => exitCodes.interrupted[cause], release };
}
