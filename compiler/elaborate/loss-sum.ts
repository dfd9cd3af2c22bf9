/** The weighted sum of the losses of all outputs, of one batch and as a function of the parts of a batch. */
import type { ModelOutput } from "../../schema/kinds/outputs.js";
import type { Builder } from "../ir/builder.js";
import { mulDims } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import type { LossOperands, LossValue } from "./losses/loss.js";
import { meanAccumulators } from "./metrics/metric.js";
import type { ElaborationState } from "./state.js";

/** The loss of one output, without its weight. */
export interface LossPart {
  readonly output: ModelOutput;
  readonly operands: LossOperands;
  readonly value: LossValue;
}

/** Scalars that add up over parts of a batch: a mean is the sum of totals by the sum of counts, a sum that of totals. */
export interface LossRatio extends Pick<LossValue, "total" | "count"> {
  readonly batching: "mean" | "sum";
  /** The valid steps that the count is proportional to; null for the rows. Undefined for a sum, and for other counts. */
  readonly countedMask: Value | null | undefined;
}

export interface LossSum {
  /** The sum of the batch, a scalar. */
  readonly value: Value;
  /** Null where the losses have no common count, or one of them is no ratio. */
  readonly ratio: LossRatio | null;
  /** The losses times their weights. */
  readonly terms: readonly LossValue[];
}

export function sumLosses(b: Builder, parts: readonly LossPart[]): LossSum {
  const weighted = parts.map((part) => ({ ...part, value: weightedLoss(b, part) }));
  const scalars = weighted.map(({ value }) => value.value);
  return {
    value: scalars.reduce(b.add),
    ratio: commonRatio(b, weighted),
    terms: weighted.map(({ value }) => value),
  };
}

/** A loss times its weight, with a scalar value. A loss with an average switched off is the sum of its values. */
function weightedLoss(b: Builder, { output, value: loss }: LossPart): LossValue {
  const { weight } = output.loss;
  const scalar = loss.value.type.shape.length === 0 ? loss.value : b.sum(loss.value);
  if (weight === 1) return { ...loss, value: scalar };
  const { total, perStep } = loss;
  return {
    ...loss,
    value: b.mul(scalar, weight),
    total: b.mul(total, weight),
    perStep: perStep && { ...perStep, totals: b.mul(perStep.totals, weight) },
  };
}

/** The ratio of losses that are all sums, or means whose counts have one ratio in all parts of a batch. */
function commonRatio(b: Builder, parts: readonly LossPart[]): LossRatio | null {
  const values = parts.map(({ value }) => value);
  const first = at(values, 0);
  const totals = values.map(({ total }) => total);
  if (values.every(({ batching }) => batching === "sum"))
    return { batching: "sum", total: totals.reduce(b.add), count: first.count, countedMask: undefined };
  if (!values.every(({ batching }) => batching === "mean")) return null;
  const masks = parts.map(countedMask);
  const mean = { batching: "mean", count: first.count, countedMask: masks[0] } as const;
  if (parts.length === 1) return { ...mean, total: at(totals, 0) };
  if (masks.some((mask) => mask === undefined || mask !== masks[0])) return null;
  const rescaled = values.map(({ total, count }) =>
    count === first.count ? total : b.div(b.mul(total, first.count), count),
  );
  return { ...mean, total: rescaled.reduce(b.add) };
}

function countedMask({ operands, value: { countUnit } }: LossPart): Value | null | undefined {
  if (countUnit === "weights") return undefined;
  return countUnit === "steps" ? operands.wire.mask : null;
}

/**
 * The sum as a sum of shares: the total of each loss by its count over the whole batch, which is an input.
 *
 * @returns null where a loss is no ratio; otherwise also the counts of this part of the batch, [losses].
 */
export function separateCounts(
  parts: readonly LossPart[],
  { context, feedCounts }: ElaborationState,
): (LossRatio & { readonly counts: Value }) | null {
  const { b } = context;
  if (parts.some(({ value }) => value.batching === "indivisible")) return null;
  const wholeCounts = feedCounts(parts.length);
  const shares = parts.map((part, index) => {
    const { total, batching } = weightedLoss(b, part);
    if (batching === "sum") return total;
    return b.div(total, b.reshape(b.slice(wholeCounts, 0, index, index + 1), []));
  });
  const counts = b.concat(
    parts.map(({ value }) => b.unsqueeze(value.count, [0])),
    0,
  );
  return { batching: "sum", total: shares.reduce(b.add), count: b.scalar(1), countedMask: undefined, counts };
}

/**
 * Pairs of a sum and a count, [pairs * 2]: of a mean, of a sum (its count is 0), or of a mean per time step. A loss of a
 * whole batch is a mean over batches, by their rows.
 */
export function accumulatorsOf(b: Builder, { total, count, batching, perStep }: LossValue): Value {
  if (perStep === null) return meanAccumulators(b, { total, count: batching === "sum" ? b.scalar(0) : count });
  const pairs = b.concat([b.unsqueeze(perStep.totals, [1]), b.unsqueeze(perStep.counts, [1])], 1);
  return b.reshape(pairs, [mulDims(2, perStep.totals.type.shape[0] ?? 1)]);
}
