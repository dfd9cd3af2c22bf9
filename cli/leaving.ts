/** A signal that ends the program as any other end does: what has to be tidied up then is. */
import { exit } from "./exit.js";

const signals = ["SIGINT", "SIGTERM"] as const;

/** While `work` goes on, a signal leaves with its exit code. */
export async function leavingTidily<T>(work: () => Promise<T>): Promise<T> {
  const leave = (signal: (typeof signals)[number]) => process.exit(exit.interrupted[signal]);
  for (const signal of signals) process.on(signal, leave);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.removeListener(signal, leave);
  }
}
