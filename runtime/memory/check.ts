/** Checks the estimated peak memory of a training against the machine, before anything is allocated. */
import { microBatchesOf } from "../../schema/micro-batches.js";
import type { NormalTrain } from "../../schema/normal/index.js";
import { formatBytes } from "../format.js";
import type { RunProblem } from "../problem.js";
import { availableMemory, totalMemory } from "./available.js";

export interface MemoryCheck {
  readonly problems: readonly RunProblem[];
  /** A warning that the machine has enough memory, but not enough of it is free. */
  readonly notices: readonly string[];
}

/**
 * @param memoryAt peak memory in bytes by batch size.
 * @param limit in bytes; by default the memory of the machine.
 */
export function checkMemory(
  { accumulate }: Pick<NormalTrain, "accumulate">,
  batchSize: number,
  memoryAt: (batch: number) => number,
  limit = totalMemory(),
): MemoryCheck {
  const neededBytes = memoryAt(batchSize);
  const freeBytes = availableMemory();
  if (neededBytes <= limit) {
    const message = `Training needs about ${formatBytes(neededBytes)}, but only ${formatBytes(freeBytes)} are free now.`;
    return { problems: [], notices: neededBytes > freeBytes ? [message] : [] };
  }
  const microBatches = microBatchesOf({ accumulate });
  const largestBatch =
    largestSatisfying(
      Math.floor(batchSize / microBatches),
      (microBatchSize) => memoryAt(microBatchSize * microBatches) <= limit,
    ) * microBatches;
  const message = `Training needs about ${formatBytes(neededBytes)}, but this machine has ${formatBytes(limit)}.`;
  const advice =
    largestBatch > 0
      ? `Reduce batch_size to at most ${largestBatch}, or set "accumulate" to compute a batch in micro-batches.`
      : `A batch of one example per micro-batch needs ${formatBytes(memoryAt(microBatches))}: use a smaller model or shorter sequences.`;
  const problem = {
    code: "memory",
    path: "/train/batch_size",
    message,
    hint: `${advice} Use --force to try anyway.`,
  };
  return { problems: [problem], notices: [] };
}

/** The largest number up to `limit` that satisfies a monotone condition; 0 where none does. */
function largestSatisfying(limit: number, isSatisfied: (value: number) => boolean): number {
  let [low, high] = [0, limit];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isSatisfied(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
