/** Whether a training fits into the memory of the machine: said before anything of its size is allocated. */
import { microBatchesOf } from "../../schema/micro-batches.js";
import type { NormalTrain } from "../../schema/normal/index.js";
import { formatBytes } from "../format.js";
import type { RunProblem } from "../problem.js";
import { availableMemory, totalMemory } from "./available.js";

export interface MemoryCheck {
  readonly problems: readonly RunProblem[];
  /** It fits into the machine, but not beside what runs there now. */
  readonly notices: readonly string[];
}

/**
 * @param memoryAt what training takes at its peak, by the size of the batch.
 * @param limit bytes that it may take; by default those that the machine has.
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
    const message = `The training takes about ${formatBytes(neededBytes)} at its peak, and ${formatBytes(freeBytes)} are free now.`;
    return { problems: [], notices: neededBytes > freeBytes ? [message] : [] };
  }
  const microBatches = microBatchesOf({ accumulate });
  const largestBatch =
    largestSatisfying(
      Math.floor(batchSize / microBatches),
      (microBatchSize) => memoryAt(microBatchSize * microBatches) <= limit,
    ) * microBatches;
  const message = `The training would take about ${formatBytes(neededBytes)} at its peak, and there are ${formatBytes(limit)}.`;
  const advice =
    largestBatch > 0
      ? `The largest batch_size that fits is ${largestBatch}; "accumulate" makes a batch in portions, with the memory of one.`
      : `One example at a time would take ${formatBytes(memoryAt(microBatches))}: make the model smaller, or the sequences shorter.`;
  const problem = {
    code: "memory",
    path: "/train/batch_size",
    message,
    hint: `${advice} --force trains all the same.`,
  };
  return { problems: [problem], notices: [] };
}

/** The largest number up to `most` that something holds for, which holds for all that are smaller; 0 where it never does. */
function largestSatisfying(limit: number, isSatisfied: (value: number) => boolean): number {
  let [low, high] = [0, limit];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isSatisfied(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
