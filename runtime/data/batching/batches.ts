/** Loads the batches of steps as arrays. */
import { firstRows } from "../../tensors/rows.js";
import type { Batch, DataSource } from "../source.js";
import type { BatchSchedule } from "./batch-schedule.js";

/** The batches of `steps` steps from `first` on, concatenated along the first axis of each array. */
export type BatchLoader = (first: number, steps: number) => Batch;

/** A constant schedule is gathered once, for the largest number of steps requested so far. */
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
