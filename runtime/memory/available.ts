/** The machine's memory, and the share of it that training may use. */
import { freemem, totalmem } from "node:os";

/** Estimates of peak memory are off by up to a fifth. */
const MEMORY_SHARE = 0.8;

/** Free bytes, within the limit of the process's container. */
export function availableMemory(): number {
  // Node 20.13 and later respect the limit of a container.
  const { availableMemory: available = freemem } = process as Partial<Pick<NodeJS.Process, "availableMemory">>;
  return available();
}

/** Installed bytes, within the limit of the process's container. */
export function totalMemory(): number {
  // Without a limit the system reports zero, or more than is installed.
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** The memory limit without `--memory-limit`. */
export function memoryBudget(): number {
  return Math.floor(MEMORY_SHARE * availableMemory());
}
