/** Shares of a batch in micro-batches and processes: those of the penalty, and losses that cannot be divided. */
import { lossName } from "../../schema/kinds/losses.js";
import { microBatchesOf } from "../../schema/micro-batches.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Value } from "../ir/types.js";
import type { Context } from "./context.js";
import type { LossPart, LossRatio } from "./loss-sum.js";
import type { Penalty } from "./penalties.js";

/**
 * True where micro-batches and processes know their share of the penalty: a mean over valid steps adds up only with
 * a loss that counts the same steps.
 */
export function isDivisible({ activities }: Penalty, ratio: LossRatio | null): boolean {
  if (activities.length === 0) return true;
  if (ratio?.batching === "mean" && ratio.countedMask === undefined) return false;
  return activities.every(({ mask }) => mask === (ratio?.countedMask ?? null));
}

/** The fraction of the batch's rows that this micro-batch or process has. */
export function rowShare({ train }: NormalSpec, { b, shard }: Context): Value | number {
  if (shard === null) return 1 / microBatchesOf(train);
  return b.div(b.cast(b.size(b.range("batch")), "float32"), b.cast(shard.batchSize(), "float32"));
}

/** Reports losses that average each step over all examples. */
export function refuseAverages({ train }: NormalSpec, parts: readonly LossPart[], { problem }: Context): void {
  const [code, use, alternative] =
    microBatchesOf(train) === 1
      ? (["distributed-loss", "several processes cannot split them", "train in one process"] as const)
      : (["accumulate-loss", "it cannot be accumulated over micro-batches", 'remove "accumulate"'] as const);
  for (const { output, value } of parts) {
    if (value.batching !== "indivisible") continue;
    const isPerStep = value.perStep !== null;
    const way = `${alternative[0]?.toUpperCase()}${alternative.slice(1)}.`;
    problem({
      part: code === "distributed-loss" ? output.loss : train,
      key: code !== "distributed-loss" ? "accumulate" : isPerStep ? "average_across_timesteps" : "type",
      code,
      message: isPerStep
        ? `${lossName(output.loss)} averages each step over all examples, so ${use}.`
        : `${lossName(output.loss)} compares the rows of a batch, so ${use}.`,
      hint: isPerStep ? `Set "average_across_timesteps" to true, or ${alternative}.` : way,
    });
  }
}

/** Reports a penalty on activities that parts of a batch cannot divide. */
export function refuseActivity({ regularization, train }: NormalSpec, { problem }: Context): void {
  const [splits, alternative] =
    microBatchesOf(train) === 1 ? ["processes", "train in one process"] : ["micro-batches", 'remove "accumulate"'];
  problem({
    part: regularization ?? train,
    key: "activity",
    code: "split-activity",
    message: `The mean of "activity" is over the valid steps of the whole batch, but the loss counts something else, so ${splits} do not know their share of it.`,
    hint: `Remove "activity", or ${alternative}.`,
  });
}
