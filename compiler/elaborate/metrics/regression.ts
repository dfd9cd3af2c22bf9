/** What the metrics over numbers read: outputs and targets of one shape. */
import { expectDefined } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { regressionTargets } from "../losses/loss.js";
import type { MetricOperands } from "./metric.js";
import { alternativeHint } from "./metric.js";

/** Output less target, of each entry. */
export function errorOf(
  metric: { readonly type: string },
  operands: MetricOperands,
  context: Context,
): Value | undefined {
  const { targetKind, loss, wire } = operands;
  if (targetKind === "classes" || targetKind === "labels")
    return context.problem({
      part: metric,
      key: "type",
      code: "metric-targets",
      message: `${metric.type} compares numbers, but ${loss.type} takes the targets for classes.`,
      hint: alternativeHint[targetKind],
    });
  return context.b.sub(wire.value, comparedTargets(metric, operands, context));
}

/** Targets that the loss compares too: it has seen to it that they are of the outputs' shape. */
export function comparedTargets(metric: { readonly type: string }, operands: MetricOperands, context: Context): Value {
  return expectDefined(regressionTargets(metric, operands, context), "the targets");
}
