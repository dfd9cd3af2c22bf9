/** Operands of the metrics over numbers: outputs, or the point forecasts that they state, and targets of one shape. */

import { formatCount } from "../../../schema/counts.js";
import { hasPointForecast, isProbabilistic, medianFault } from "../../../schema/kinds/forecasts.js";
import { lossName, outputKindOf } from "../../../schema/kinds/losses.js";
import type { NormalMetric } from "../../../schema/normal/index.js";
import { expectDefined } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { pointForecast } from "../forecast-values.js";
import { regressionTargets } from "../losses/loss.js";
import { width } from "../wire.js";
import type { MetricOperands } from "./metric.js";
import { alternativeHint } from "./metric.js";

/** The numbers that a metric compares: outputs, or point forecasts, and targets. */
export type ComparedNumbers = Readonly<Record<"y" | "t", Value>>;

/** Undefined after a reported problem. Of quantiles `y` is the median, of a distribution the mean. */
export function numberOperands(
  metric: Pick<NormalMetric, "type">,
  operands: MetricOperands,
  context: Context,
): ComparedNumbers | undefined {
  const { targetKind, loss } = operands;
  if (targetKind === "classes" || targetKind === "labels")
    return context.problem({
      part: metric,
      key: "type",
      code: "metric-targets",
      message: `${metric.type} needs numbers as targets, but the targets of ${lossName(loss)} are classes.`,
      hint: alternativeHint(operands),
    });
  const compared = isProbabilistic(loss) ? pointOperands(metric, operands, context) : operands;
  const t = compared && comparedTargets(metric, compared, context);
  return t && { y: compared.wire.value, t };
}

/** The operands with the point forecasts as the output; undefined after a reported problem. */
function pointOperands(
  metric: Pick<NormalMetric, "type">,
  operands: MetricOperands,
  { b, problem }: Context,
): MetricOperands | undefined {
  const { wire, loss } = operands;
  if (!hasPointForecast(loss))
    return problem({ part: metric, key: "type", code: "metric-outputs", ...medianFault(metric) });
  const targets = targetSizeOf(operands);
  if (typeof targets !== "number") return undefined;
  return { ...operands, wire: { ...wire, value: pointForecast(b, loss, wire.value, targets) } };
}

/** The number of targets of a row; targets without an axis of their own are one. */
function targetSizeOf({ wire, targets }: MetricOperands): Dim {
  return targets.type.shape.length < wire.value.type.shape.length ? 1 : width({ value: targets });
}

/** The targets with the outputs' shape; undefined after a reported problem. The loss has checked their rows. */
export function comparedTargets(
  metric: { readonly type: string },
  operands: MetricOperands,
  context: Context,
): Value | undefined {
  const { wire, loss } = operands;
  if (outputKindOf(loss) !== "features" || isProbabilistic(loss))
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
  const targetSize = targetSizeOf(operands);
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
