/** What the metrics over numbers read: outputs and targets of one shape. */
import { present } from "../../ir/present.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { numberTargets } from "../losses/loss.js";
import type { MetricOperands } from "./metric.js";
import { fitting } from "./metric.js";

/** Output less target, of each entry. */
export function errorOf(
  metric: { readonly type: string },
  operands: MetricOperands,
  context: Context,
): Value | undefined {
  const { answers, loss, wire } = operands;
  if (answers === "class" || answers === "labels")
    return context.problem({
      part: metric,
      key: "type",
      code: "metric-targets",
      message: `${metric.type} compares numbers, but ${loss.type} takes the targets for classes.`,
      hint: fitting[answers],
    });
  return context.b.sub(wire.value, comparedTargets(metric, operands, context));
}

/** Targets that the loss compares too: it has seen to it that they are of the outputs' shape. */
export function comparedTargets(metric: { readonly type: string }, operands: MetricOperands, context: Context): Value {
  return present(numberTargets(metric, operands, context), "the targets");
}
