/** The batches of a training, from the numbers of its steps to arrays. */
import { firstRows } from "../../tensors/rows.js";
import type { Batch, DataSource } from "../source.js";
import type { BatchSchedule } from "./batch-schedule.js";

/** The batches of `steps` steps from `first` on: each array has them all, one after the other on its first axis. */
export type BatchLoader = (first: number, steps: number) => Batch;

/** Where every step reads the same, it is gathered once, for as many steps as are ever asked for together. */
export function createBatchLoader(source: Pick<DataSource, "batch">, batchSchedule: BatchSchedule): BatchLoader {
  const load: BatchLoader = (first, steps) => source.batch(batchSchedule.indicesAt(first, steps));
  if (!batchSchedule.isConstant) return load;
  let cached: Batch = new Map();
  let cachedSteps = 0;
  return (first, steps) => {
    if (steps > cachedSteps) {
      cached = new Map();
      cached = load(first, steps);
      cachedSteps = steps;
    }
    return new Map([...cached].map(([name, array]) => [name, firstRows(array, steps * batchSchedule.batchSize)]));
  };
}
