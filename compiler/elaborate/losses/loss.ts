/** What a loss is, and the reductions that losses share. */
import type { NormalMetric } from "../../../schema/normal.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/present.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { overLive, perEntry } from "../entries.js";
import { sameSizes } from "../sizes.js";
import { batchMajorShape, type Wire } from "../wire.js";
import type { Answers, LossOperands, LossValue } from "./operands.js";

export type { LossOperands, LossValue };

export interface LossDefinition<L> {
  readonly answers: Answers;
  /** Metrics that are reported with this loss where the spec names none. */
  readonly metrics: readonly NormalMetric[];
  /** Undefined when something was wrong, which has been reported. */
  elaborate(loss: L, operands: LossOperands, context: Context): LossValue | undefined;
}

/** Mean over all live entries, or the sum, of a loss per entry [time, batch], [time, batch, features], or without time. */
export function reduceEntries(
  b: Builder,
  each: Value,
  { weights, live }: Pick<LossOperands, "weights" | "live">,
  reduction: "mean" | "sum",
): LossValue {
  const { total, count: entries } = overLive(
    b,
    weights === null ? each : b.mul(each, perEntry(b, weights, each)),
    live,
  );
  if (reduction === "sum") return { value: total, total, count: b.scalar(1), parts: "sum" };
  const count = live === null ? entries : b.max(entries, 1);
  return { value: b.div(total, count), total, count, parts: "mean" };
}

/** The targets of a regression, as numbers of the output's shape; a missing last axis of size 1 is put in. */
export function numberTargets(
  reader: { readonly type: string },
  { wire, targets }: LossOperands,
  context: Context,
): Value | undefined {
  const { b, problem } = context;
  const place = { part: reader, key: "type" };
  if (targets.type.dtype !== "float32")
    return problem({
      ...place,
      code: "needs-numbers",
      message: `${reader.type} compares numbers, but the targets are class ids ${shapeText(targets, wire)}.`,
      hint: "Use sequence_loss or cross_entropy.",
    });
  const [given, wanted] = [targets.type.shape, wire.value.type.shape];
  const same = sameSizes(given, wanted);
  if (same === true) return targets;
  const lacksAxis = given.length === wanted.length - 1;
  if (lacksAxis && wanted.at(-1) === 1 && sameSizes(given, wanted.slice(0, -1)) === true)
    return b.unsqueeze(targets, [given.length]);
  if (same === undefined) return undefined;
  const size = lacksAxis ? 1 : at(given, given.length - 1);
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
