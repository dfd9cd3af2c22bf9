/** Ctrl-C and its kin: the first asks the run to save and end, a second leaves at once. */
import { exit } from "../exit.js";

export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** The exit code of the signal that came. */
  readonly exitCode: () => number;
  /** Stops listening. */
  readonly release: () => void;
}

type Signal = keyof typeof exit.interrupted;
const signals: readonly Signal[] = ["SIGINT", "SIGTERM"];

export function stopOnSignals(say: (text: string) => void): Interruption {
  const controller = new AbortController();
  let first: Signal = "SIGINT";

  const onSignal = (signal: Signal) => {
    if (controller.signal.aborted) {
      // A session in flight cannot be told to stop: only the signal's own action leaves without waiting for it.
      release();
      process.kill(process.pid, signal);
      return;
    }
    first = signal;
    controller.abort();
    say("Stopping: the run saves a checkpoint and ends. Once more leaves at once, without one.");
  };
  const release = () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);

  return { signal: controller.signal, exitCode: () => exit.interrupted[first], release };
}
