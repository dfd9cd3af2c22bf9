/** What a loss is, and the reductions that losses share. */
import type { NormalLoss } from "../../../schema/normal.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { overLive, perEntry } from "../entries.js";
import type { MetricName } from "../metrics/index.js";
import { sameSizes } from "../sizes.js";
import { batchMajorShape, type Wire } from "../wire.js";
import type { LossOperands, LossValue } from "./operands.js";

export type { LossOperands, LossValue };

export interface LossDefinition<L> {
  /** Metrics that are reported with this loss. */
  readonly metrics: readonly MetricName[];
  /** Undefined when something was wrong, which has been reported. */
  elaborate(loss: L, operands: LossOperands, context: Context): LossValue | undefined;
}

/** Mean over all live entries, or the sum, of a loss per entry [time, batch], [time, batch, features], or without time. */
export function reduceEntries(b: Builder, each: Value, operands: LossOperands, reduction: "mean" | "sum"): LossValue {
  const { weights, live } = operands;
  const { total, count } = overLive(b, weights === null ? each : b.mul(each, perEntry(b, weights, each)), live);
  if (reduction === "sum") return { value: total, total, count: b.scalar(1), perEntry: false };
  return { value: b.div(total, live === null ? count : b.max(count, 1)), total, count, perEntry: true };
}

/** The targets of a regression, as numbers of the output's shape; a missing last axis of size 1 is put in. */
export function numberTargets(loss: NormalLoss, { wire, targets }: LossOperands, context: Context): Value | undefined {
  const { b, problem } = context;
  const place = { part: loss, key: "type" };
  if (targets.type.dtype !== "float32")
    return problem({
      ...place,
      code: "needs-numbers",
      message: `${loss.type} compares numbers, but the targets are class ids ${shapeText(targets, wire)}.`,
      hint: "Use sequence_loss or cross_entropy.",
    });
  const [given, wanted] = [targets.type.shape, wire.value.type.shape];
  const same = sameSizes(given, wanted);
  if (same === true) return targets;
  const lacksAxis = given.length === wanted.length - 1;
  if (lacksAxis && wanted.at(-1) === 1 && sameSizes(given, wanted.slice(0, -1)) === true)
    return b.unsqueeze(targets, [given.length]);
  if (same === undefined) return undefined;
  const size = lacksAxis ? 1 : (given.at(-1) ?? 1);
  return problem({
    ...place,
    code: "target-shape",
    message: `The targets are ${shapeText(targets, wire)}, but the model puts out ${shapeText(wire.value, wire)}.`,
    hint: sequenceHint(targets, wire) ?? `Make the last layer's size ${size}.`,
  });
}

/** What to do where the targets are one per step and the model says one thing of each sequence. */
export function sequenceHint(targets: Value, { sequence }: Wire): string | undefined {
  const perStep = !sequence && targets.type.shape.some((dim) => dim === "time" || dim === "target_time");
  return perStep ? 'For one target per step let the last rnn layer return "sequence".' : undefined;
}

/** A value's shape as the user sees it. */
export function shapeText(value: Value, { sequence }: Wire): string {
  const batched = sequence && value.type.shape.length > 1;
  return `[${batchMajorShape({ value, sequence: batched }).join(", ")}]`;
}
