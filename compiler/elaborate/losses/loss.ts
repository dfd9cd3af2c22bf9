/** The definition of a loss, and the reductions that losses share. */
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { shapesAgree } from "../compare-sizes.js";
import type { Context } from "../context.js";
import { broadcastTrailing, maskedSum } from "../masked-sum.js";
import type { LossBatching } from "../program.js";
import { batchMajorShape, type Wire } from "../wire.js";

/** The tensors that a loss compares. Sequences are time-major. */
export interface LossOperands {
  /** The name of the loss, which its random numbers depend on: `loss`, of several outputs `<output>/loss`. */
  readonly name: string;
  /** The output of the layer. */
  readonly wire: Wire;
  /** Class ids, or numbers of the output's shape. */
  readonly targets: Value;
  /** Factors of the loss of each step from the data, [time, batch] (or [batch]); null: all 1. */
  readonly weights: Value | null;
  /** 1 at valid steps and 0 past the lengths, [time, batch]; null: every step is valid. */
  readonly mask: Value | null;
}

export interface LossValue {
  /** The loss as its definition states it. Not a scalar where an average is switched off: then batch-major. */
  readonly value: Value;
  /**
   * Sum and count over the batch, scalars: the loss of several batches is the sum of their sums by the sum of their
   * counts.
   */
  readonly total: Value;
  readonly count: Value;
  /** `count` is proportional to the valid steps, to the rows of the batch, or to neither but a sum of weights. */
  readonly countUnit: "steps" | "rows" | "weights";
  readonly batching: LossBatching;
  /** The sum and the count of each step, [time] each, of a loss that averages each step over the batch; else null. */
  readonly perStep: { readonly totals: Value; readonly counts: Value } | null;
}

export interface LossDefinition<L> {
  /** The loss; undefined after a reported problem. */
  elaborate(loss: L, operands: LossOperands, context: Context): LossValue | undefined;
}

/**
 * The mean or sum over valid entries of a loss per entry, [time, batch], [time, batch, features], or without time;
 * or the mean of the sums over the features, which the entries then have.
 */
export function reduceEntries(
  b: Builder,
  entryLosses: Value,
  { weights, mask }: Pick<LossOperands, "weights" | "mask">,
  reduction: "mean" | "sum" | "mean_of_sums",
): LossValue {
  const losses = reduction === "mean_of_sums" ? b.sum(entryLosses, [-1]) : entryLosses;
  const { total, count: entryCount } = maskedSum(
    b,
    weights === null ? losses : b.mul(losses, broadcastTrailing(b, weights, losses)),
    mask,
  );
  const countUnit = mask === null ? "rows" : "steps";
  const common = { total, countUnit, perStep: null } as const;
  if (reduction === "sum") return { ...common, value: total, count: b.scalar(1), batching: "sum" };
  const count = mask === null ? entryCount : b.max(entryCount, 1);
  return { ...common, value: b.div(total, count), count, batching: "mean" };
}

/** The name of a loss or a metric in messages. */
export function readerName({ type, name }: { readonly type: string; readonly name?: string }): string {
  return type === "custom" ? (name ?? type) : type;
}

/** The targets of a regression, with the output's shape; a missing last axis of size 1 is added. */
export function regressionTargets(
  reader: { readonly type: string; readonly name?: string; readonly definition?: object },
  { wire, targets }: LossOperands,
  context: Context,
): Value | undefined {
  const { b, problem } = context;
  const location = { part: reader, key: "type" };
  if (targets.type.dtype !== "float32")
    return problem({
      ...location,
      code: "needs-numbers",
      message: `${readerName(reader)} needs numbers as targets, but the targets are class ids ${shapeText(targets, wire)}.`,
      hint:
        reader.definition === undefined
          ? "Use sequence_loss or cross_entropy."
          : `Add "target": "class" to losses.${readerName(reader)}.`,
    });
  const [targetShape, outputShape] = [targets.type.shape, wire.value.type.shape];
  const isSameShape = shapesAgree(targetShape, outputShape);
  if (isSameShape === true) return targets;
  const isMissingAxis = targetShape.length === outputShape.length - 1;
  if (isMissingAxis && outputShape.at(-1) === 1 && shapesAgree(targetShape, outputShape.slice(0, -1)) === true)
    return b.unsqueeze(targets, [targetShape.length]);
  if (isSameShape === undefined) return undefined;
  const size = isMissingAxis ? 1 : at(targetShape, targetShape.length - 1);
  return problem({
    ...location,
    code: "target-shape",
    message: `The targets have shape ${shapeText(targets, wire)}, but the outputs ${shapeText(wire.value, wire)}.`,
    hint: sequenceHint(targets, wire) ?? `Set the last layer's size to ${size}.`,
  });
}

/** The hint for targets per step where the model has one output per sequence; undefined otherwise. */
export function sequenceHint(targets: Value, { sequence }: Wire): string | undefined {
  const isPerStep = !sequence && targets.type.shape.some((dim) => dim === "time" || dim === "target_time");
  return isPerStep ? 'Write "return": "sequence" in the last rnn layer: the data has one target per step.' : undefined;
}

/** A value's shape in the spec's terms, batch first. */
export function shapeText(value: Value, { sequence }: Wire): string {
  const isSequence = sequence && value.type.shape.length > 1;
  return `[${batchMajorShape({ value, sequence: isSequence }).join(", ")}]`;
}
