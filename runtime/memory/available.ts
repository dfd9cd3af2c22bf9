/** The memory that a training may take of the machine that it runs on. */
import { freemem, totalmem } from "node:os";

/** An estimate of what a training takes is good to about a fifth, so that much is kept back. */
const MEMORY_SHARE = 0.8;

/** Bytes that are free for this process, within the limit of its container where it is in one. */
export function availableMemory(): number {
  // Node 20.13 and later know of containers' limits.
  const { availableMemory: available = freemem } = process as Partial<Pick<NodeJS.Process, "availableMemory">>;
  return available();
}

/** Bytes that this process could have if nothing else ran, within the limit of its container where it is in one. */
export function totalMemory(): number {
  // Without a limit the system says zero, or more than there is.
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Bytes that a training may take where the user has not said. */
export function memoryBudget(): number {
  return Math.floor(MEMORY_SHARE * availableMemory());
}
