/** Batches and their portions as numbers. Words that wait for a machine to settle them count as if its memory had no end. */
import type { NormalTrain } from "./normal/index.js";

/** Examples of an update, of `examples` that there are. */
export function batchSizeOf({ batch_size }: Pick<NormalTrain, "batch_size">, examples: number): number {
  return typeof batch_size === "number" ? Math.min(batch_size, examples) : examples;
}

/** Portions that the gradient of a batch is made of. */
export function microBatchesOf({ accumulate }: Pick<NormalTrain, "accumulate">): number {
  return accumulate === "auto" ? 1 : accumulate;
}

/** Examples that are computed with at one time, of a batch of so many. */
export function microBatchSizeOf(train: Pick<NormalTrain, "accumulate">, batchSize: number): number {
  return Math.max(1, Math.floor(batchSize / microBatchesOf(train)));
}
