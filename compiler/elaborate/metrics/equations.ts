/** Metrics of equations: those of a spec, and the built-in ones of specs/metrics. */
import { builtInMetric } from "../../../schema/built-in.js";
import { lossName, outputKindOf } from "../../../schema/kinds/losses.js";
import type { NormalMetric, NormalMetricCustom } from "../../../schema/normal/index.js";
import { expectDefined } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { elaborateComparison } from "../comparison.js";
import type { Context } from "../context.js";
import { regressionTargets } from "../losses/loss.js";
import { maskedSum } from "../masked-sum.js";
import { width } from "../wire.js";
import { classOperands } from "./class-operands.js";
import { alternativeHint, type MetricDefinition, type MetricOperands, meanAccumulators } from "./metric.js";
import { type ComparedNumbers, numberOperands } from "./regression.js";

type Equations = Pick<NormalMetricCustom, "description" | "options" | "equations" | "reduce">;

/** The definition of a metric of the user's own. */
export function ownMetric(own: NormalMetricCustom): MetricDefinition<NormalMetric> {
  return {
    finalizer: own.reduce,
    elaborate: (_, operands, context) =>
      elaborateEquations(own, comparedOperands(own, operands, context), operands, context.pathOf(own), context, own),
  };
}

/** The definition of a file of specs/metrics, whose targets are numbers. */
export function builtInMetricOf(type: string): MetricDefinition<NormalMetric> {
  const file = expectDefined(builtInMetric(type), `specs/metrics/${type}.json`) as unknown as Equations;
  const equations = { ...file, reduce: file.reduce ?? "mean" };
  return {
    finalizer: equations.reduce,
    elaborate(metric, operands, context) {
      const compared = numberOperands(metric, operands, context);
      return elaborateEquations(equations, compared, operands, context.pathOf(metric), context);
    },
  };
}

function elaborateEquations(
  { description, options = {}, equations }: Partial<Pick<Equations, "options">> & Omit<Equations, "options">,
  compared: ComparedNumbers | undefined,
  operands: MetricOperands,
  path: string,
  context: Context,
  own?: Pick<NormalMetricCustom, "name">,
): Value | undefined {
  if (compared === undefined) return undefined;
  const { b } = context;
  const [outputs, targets] = [width({ value: compared.y }), width({ value: compared.t })];
  if (typeof outputs !== "number" || typeof targets !== "number") return undefined;
  const { targetKind } = operands;
  const target = targetKind === "classes" ? "class" : targetKind === "labels" ? "numbers" : targetKind;
  const definition = { description, equations, options, variants: {}, scope: "row", target } as const;
  const sizes = { output_size: outputs, target_size: targets };
  const use = { kind: "metric", definition, options, path, ...(own && { name: own.name, isOwn: true }) } as const;
  const result = elaborateComparison(use, compared, sizes, context);
  return result && meanAccumulators(b, maskedSum(b, result.value, operands.mask));
}

/** The outputs as the loss reads them, and its targets; a class is a number. */
function comparedOperands(
  metric: NormalMetricCustom,
  operands: MetricOperands,
  context: Context,
): ComparedNumbers | undefined {
  const { b } = context;
  const { wire, targets, targetKind, loss } = operands;
  if (targetKind === "labels")
    return context.problem({
      part: metric,
      key: "equations",
      code: "metric-targets",
      message: `${metric.name} compares one target for each output, but the targets of ${lossName(loss)} are label sequences.`,
      hint: alternativeHint(operands),
    });
  const areFeatures = outputKindOf(loss) === "features";
  const y = targetKind === "numbers" || areFeatures ? wire.value : (wire.logits ?? wire).value;
  if (targetKind === "classes") {
    const comparison = classOperands({ type: metric.name }, operands, context);
    const ids = comparison?.targetIds;
    return ids && { y, t: b.unsqueeze(b.cast(ids, "float32"), [ids.type.shape.length]) };
  }
  const rank = wire.value.type.shape.length;
  if (areFeatures) return { y, t: targets.type.shape.length < rank ? b.unsqueeze(targets, [rank - 1]) : targets };
  const t = regressionTargets({ type: metric.name }, operands, context);
  return t && { y, t };
}
