/** What the metrics over numbers read: outputs and targets of one shape. */
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { numberTargets } from "../losses/loss.js";
import type { MetricOperands } from "./metric.js";

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
      hint: answers === "class" ? 'Use "accuracy".' : 'Use "exact_sequence".',
    });
  const targets = numberTargets(metric, operands, context);
  return targets && context.b.sub(wire.value, targets);
}
