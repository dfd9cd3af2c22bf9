/** Sizes of batches and micro-batches. Settings that the machine's memory decides count as if it were unlimited. */
import type { NormalTrain } from "./normal/index.js";

/** Examples in an update, of `examples` in the data. */
export function batchSizeOf({ batch_size }: Pick<NormalTrain, "batch_size">, examples: number): number {
  return typeof batch_size === "number" ? Math.min(batch_size, examples) : examples;
}

/** Micro-batches whose gradients are accumulated for one update. */
export function microBatchesOf({ accumulate }: Pick<NormalTrain, "accumulate">): number {
  return accumulate === "auto" ? 1 : accumulate;
}

/** Examples in one micro-batch of a batch. */
export function microBatchSizeOf(train: Pick<NormalTrain, "accumulate">, batchSize: number): number {
  return Math.max(1, Math.floor(batchSize / microBatchesOf(train)));
}
