/** The batches of a training, from the numbers of its steps to arrays. */
import { firstRows } from "./data/rows.js";
import type { Batch, DataSource } from "./data/source.js";
import type { Schedule } from "./order.js";

/** The batches of `steps` steps from `first` on: each array has them all, one after the other on its first axis. */
export type BatchesOf = (first: number, steps: number) => Batch;

/** Where every step reads the same, it is gathered once, for as many steps as are ever asked for together. */
export function openBatches(source: Pick<DataSource, "batch">, plan: Schedule): BatchesOf {
  const gather: BatchesOf = (first, steps) => source.batch(plan.batchesAt(first, steps));
  if (!plan.repeats) return gather;
  let kept: Batch = new Map();
  let most = 0;
  return (first, steps) => {
    if (steps > most) {
      kept = new Map();
      kept = gather(first, steps);
      most = steps;
    }
    return new Map([...kept].map(([name, array]) => [name, firstRows(array, steps * plan.batchSize)]));
  };
}
