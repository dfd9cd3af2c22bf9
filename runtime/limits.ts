/** Whether a training fits into the memory of the machine: said before anything of its size is allocated. */
import { portionsOf } from "../schema/batches.js";
import type { NormalTrain } from "../schema/normal.js";
import { availableMemory, machineMemory, sizeText } from "./machine.js";
import type { RunProblem } from "./problem.js";

export interface Fit {
  readonly problems: readonly RunProblem[];
  /** It fits into the machine, but not beside what runs there now. */
  readonly notices: readonly string[];
}

/**
 * @param memoryAt what training takes at its peak, by the size of the batch.
 * @param limit bytes that it may take; by default those that the machine has.
 */
export function fitIntoMemory(
  { accumulate }: Pick<NormalTrain, "accumulate">,
  batchSize: number,
  memoryAt: (batch: number) => number,
  limit = machineMemory(),
): Fit {
  const needed = memoryAt(batchSize);
  const free = availableMemory();
  if (needed <= limit) {
    const message = `The training takes about ${sizeText(needed)} at its peak, and ${sizeText(free)} are free now.`;
    return { problems: [], notices: needed > free ? [message] : [] };
  }
  const portions = portionsOf({ accumulate });
  const fitting =
    largestThat(Math.floor(batchSize / portions), (each) => memoryAt(each * portions) <= limit) * portions;
  const message = `The training would take about ${sizeText(needed)} at its peak, and there are ${sizeText(limit)}.`;
  const smaller =
    fitting > 0
      ? `The largest batch_size that fits is ${fitting}; "accumulate" makes a batch in portions, with the memory of one.`
      : `One example at a time would take ${sizeText(memoryAt(portions))}: make the model smaller, or the sequences shorter.`;
  const problem = {
    code: "memory",
    path: "/train/batch_size",
    message,
    hint: `${smaller} --force trains all the same.`,
  };
  return { problems: [problem], notices: [] };
}

/** The largest number up to `most` that something holds for, which holds for all that are smaller; 0 where it never does. */
function largestThat(most: number, holds: (value: number) => boolean): number {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
