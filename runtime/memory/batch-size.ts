/**
 * Replaces `"batch_size": "largest"` and `"accumulate": "auto"` by numbers, from the compiler's estimate of peak
 * memory. The run records the numbers, since its results depend on them.
 */
import { batchSizeOf, microBatchesOf } from "../../schema/micro-batches.js";
import type { NormalSpec, NormalTrain } from "../../schema/normal/index.js";
import type { DataSource } from "../data/source.js";
import { formatBytes, formatCount, formatInteger } from "../format.js";
import { memoryBudget } from "./available.js";

export interface ResolvedSpec {
  readonly spec: NormalSpec;
  /** The chosen numbers; empty where the spec has numbers already. */
  readonly notices: readonly string[];
}

export function hasFixedBatches({ batch_size, accumulate }: NormalTrain): boolean {
  return batch_size !== "largest" && accumulate !== "auto";
}

/**
 * The spec with numbers, or "all", for its batches. A spec that does not compile is returned unchanged: compiling it
 * reports the problems.
 *
 * @param memory limit in bytes; by default most of the free memory.
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
    if (!memory.ok) throw new Error("A spec without problems does not compile.");
    return memory.memoryAt;
  };

  let { batch_size } = spec.train;
  if (batch_size === "largest") {
    const bytesFor = memoryFor({ batch_size: "all" });
    batch_size = largestBatch(source.splits.train.length, microBatchesOf(spec.train), memory, bytesFor);
    notices.push(
      `Batch size: ${batch_size === "all" ? "all examples" : formatCount(batch_size, "example")}, the largest ${within}.`,
    );
  }
  let { accumulate } = spec.train;
  if (accumulate === "auto") {
    const examples = batchSizeOf({ batch_size }, source.splits.train.length);
    // Micro-batches need at least the memory of a batch of their size, which is estimated without another graph.
    const microBatchBytes = memoryFor({ batch_size, accumulate: 1 });
    const fits = (microBatches: number) =>
      microBatchBytes(examples / microBatches) <= memory &&
      memoryFor({ batch_size, accumulate: microBatches })(examples) <= memory;
    accumulate = fewestMicroBatches(examples, fits);
    notices.push(
      `A batch of ${formatCount(examples, "example")} is computed in ${accumulate === 1 ? "one micro-batch" : `${formatInteger(accumulate)} micro-batches`} ${within}.`,
    );
  }
  return { spec: withTrain({ batch_size, accumulate }), notices };
}

/** All examples, or the number of micro-batches times the largest power of two that fits. */
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

/** The smallest number of equal micro-batches that fits; one example each where none does. */
function fewestMicroBatches(examples: number, fits: (microBatches: number) => boolean): number {
  for (let microBatches = 1; microBatches < examples; microBatches++) {
    if (examples % microBatches === 0 && fits(microBatches)) return microBatches;
  }
  return Math.max(1, examples);
}
