/** Operands of the metrics over numbers: outputs and targets of one shape. */

import { formatCount } from "../../../schema/counts.js";
import { lossName, outputKindOf } from "../../../schema/kinds/losses.js";
import { expectDefined } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { regressionTargets } from "../losses/loss.js";
import { width } from "../wire.js";
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
      hint: alternativeHint(operands),
    });
  return comparedTargets(metric, operands, context);
}

/** The targets with the outputs' shape; undefined after a reported problem. The loss has checked their rows. */
export function comparedTargets(
  metric: { readonly type: string },
  operands: MetricOperands,
  context: Context,
): Value | undefined {
  const { wire, targets, loss } = operands;
  if (outputKindOf(loss) !== "features")
    return expectDefined(regressionTargets(metric, operands, context), "the targets");
  if (operands.targetKind === "counts")
    return context.problem({
      part: metric,
      key: "type",
      code: "metric-outputs",
      message: `${metric.type} needs predictions of the targets, but the outputs of ${lossName(loss)} are none.`,
      hint: alternativeHint(operands),
    });
  const outputSize = width({ value: wire.value });
  const targetSize = targets.type.shape.length < wire.value.type.shape.length ? 1 : width({ value: targets });
  if (outputSize === targetSize) return regressionTargets(metric, operands, context);
  const sizes = `${lossName(loss)} reads ${counted(outputSize, "output")} for ${counted(targetSize, "target")}`;
  return context.problem({
    part: metric,
    key: "type",
    code: "metric-outputs",
    message: `${metric.type} needs one output for each target, but ${sizes}.`,
    hint: alternativeHint(operands),
  });
}

function counted(size: Dim, noun: string): string {
  return typeof size === "number" ? formatCount(size, noun) : `${size} ${noun}s`;
}
