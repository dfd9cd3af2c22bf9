/** A signal that ends the program as any other end does: what has to be tidied up then is. */
import { exitCodes } from "./exit-codes.js";

const signals = ["SIGINT", "SIGTERM"] as const;

/** While `work` goes on, a signal leaves with its exit code. */
export async function exitOnSignal<T>(work: () => Promise<T>): Promise<T> {
  const onSignal = (signal: (typeof signals)[number]) => process.exit(exitCodes.interrupted[signal]);
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.removeListener(signal, onSignal);
  }
}
