/** Operands of the metrics over numbers: outputs and targets of one shape. */

import { lossName } from "../../../schema/kinds/losses.js";
import { expectDefined } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { regressionTargets } from "../losses/loss.js";
import type { MetricOperands } from "./metric.js";
import { alternativeHint } from "./metric.js";

/** The targets of a metric over numbers; undefined after a reported problem. */
export function numberTargets(
  metric: { readonly type: string },
  operands: MetricOperands,
  context: Context,
): Value | undefined {
  const { targetKind, loss } = operands;
  if (targetKind === "classes" || targetKind === "labels")
    return context.problem({
      part: metric,
      key: "type",
      code: "metric-targets",
      message: `${metric.type} needs numbers as targets, but the targets of ${lossName(loss)} are classes.`,
      hint: alternativeHint[targetKind],
    });
  return comparedTargets(metric, operands, context);
}

/** The targets of the loss, which has checked that they have the outputs' shape. */
export function comparedTargets(metric: { readonly type: string }, operands: MetricOperands, context: Context): Value {
  return expectDefined(regressionTargets(metric, operands, context), "the targets");
}
