/**
 * Batches as large as the memory allows: `"batch_size": "largest"` and `"accumulate": "auto"` become numbers, by the
 * compiler's estimate of what a training takes. The numbers are recorded with the run, whose results depend on them.
 */
import { batchSizeOf, microBatchesOf } from "../../schema/micro-batches.js";
import type { NormalSpec, NormalTrain } from "../../schema/normal/index.js";
import type { DataSource } from "../data/source.js";
import { formatBytes } from "../format.js";
import { memoryBudget } from "./available.js";

export interface ResolvedSpec {
  readonly spec: NormalSpec;
  /** What the words came to; empty where there were none. */
  readonly notices: readonly string[];
}

export function hasFixedBatches({ batch_size, accumulate }: NormalTrain): boolean {
  return batch_size !== "largest" && accumulate !== "auto";
}

/**
 * A spec whose batches are numbers, or "all". A spec that the compiler refuses stays as it is: compiling says why.
 *
 * @param memory bytes that the training may take; by default most of what is free.
 */
export async function resolveBatchSize(
  spec: NormalSpec,
  source: DataSource,
  memory = memoryBudget(),
): Promise<ResolvedSpec> {
  if (hasFixedBatches(spec.train)) return { spec, notices: [] };
  const { check, memoryByBatch } = await import("../../compiler/compile.js");
  if (check(spec, source.signature(spec.train)).length > 0) return { spec, notices: [] };
  const within = `within ${formatBytes(memory)}`;
  const notices: string[] = [];
  const withTrain = (train: Partial<NormalTrain>): NormalSpec => ({ ...spec, train: { ...spec.train, ...train } });
  const memoryFor = (train: Partial<NormalTrain>) => {
    const memory = memoryByBatch(withTrain(train), source.signature(spec.train));
    if (!memory.ok) throw new Error("A spec that was found sound is refused.");
    return memory.memoryAt;
  };

  let { batch_size } = spec.train;
  if (batch_size === "largest") {
    const bytesFor = memoryFor({ batch_size: "all" });
    batch_size = largestBatch(source.splits.train.length, microBatchesOf(spec.train), memory, bytesFor);
    notices.push(`The largest batch ${within}: ${batch_size === "all" ? "all examples" : `${batch_size} examples`}.`);
  }
  let { accumulate } = spec.train;
  if (accumulate === "auto") {
    const examples = batchSizeOf({ batch_size }, source.splits.train.length);
    // Portions take at least what a batch of their size takes, which asks for no graph of their own.
    const microBatchBytes = memoryFor({ batch_size, accumulate: 1 });
    const fits = (microBatches: number) =>
      microBatchBytes(examples / microBatches) <= memory &&
      memoryFor({ batch_size, accumulate: microBatches })(examples) <= memory;
    accumulate = fewestMicroBatches(examples, fits);
    notices.push(
      `A batch of ${examples} examples in ${accumulate === 1 ? "one portion" : `${accumulate} portions`} ${within}.`,
    );
  }
  return { spec: withTrain({ batch_size, accumulate }), notices };
}

/** All examples, or else the largest power of two of them, times the portions that a batch is made of. */
function largestBatch(
  examples: number,
  microBatches: number,
  memory: number,
  bytes: (batch: number) => number,
): number | "all" {
  if (examples % microBatches === 0 && bytes(examples) <= memory) return "all";
  let batch = microBatches;
  while (batch * 2 < examples && bytes(batch * 2) <= memory) batch *= 2;
  return batch;
}

/** The fewest equal portions that fit; single examples where nothing does. */
function fewestMicroBatches(examples: number, fits: (microBatches: number) => boolean): number {
  for (let microBatches = 1; microBatches < examples; microBatches++) {
    if (examples % microBatches === 0 && fits(microBatches)) return microBatches;
  }
  return Math.max(1, examples);
}
