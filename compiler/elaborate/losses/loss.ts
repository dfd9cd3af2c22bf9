/** What a loss is, and the reductions that losses share. */
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import type { Shape, Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { overLive, perEntry } from "../entries.js";
import type { MetricName } from "../metrics/index.js";
import type { Wire } from "../wire.js";
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
export function numberTargets(part: object, { wire, targets }: LossOperands, context: Context): Value | undefined {
  const { b } = context;
  const wanted = wire.value.type.shape;
  const given = b.cast(targets, "float32");
  if (sameShape(given.type.shape, wanted)) return given;
  if (wanted.at(-1) === 1 && sameShape(given.type.shape, wanted.slice(0, -1)))
    return b.unsqueeze(given, [given.type.shape.length]);
  return context.problem({
    part,
    code: "target-shape",
    message: `the targets are ${batchFirst(given.type.shape, wire)}, but the model puts out ${batchFirst(wanted, wire)}`,
    hint: "Make the last layer's size the width of the targets.",
  });
}

/** A shape as the user sees it. */
export function batchFirst(shape: Shape, { sequence }: Wire): string {
  const [first, second, ...rest] = shape;
  return `[${(sequence && second !== undefined ? [second, first, ...rest] : shape).join(", ")}]`;
}
