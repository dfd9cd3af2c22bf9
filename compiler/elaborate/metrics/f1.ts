/**
 * f1, precision, recall: of each class, then the mean over the classes that occur (macro average). The accumulators are
 * true positives, predictions and targets per class, [3, classes]. For binary targets, outputs are classes. In code,
 * because its accumulators are of each class.
 */
import type { NormalMetric } from "../../../schema/normal/index.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { broadcastTrailing } from "../masked-sum.js";
import { classOperands } from "./class-operands.js";
import type { MetricDefinition, MetricOperands } from "./metric.js";
import { comparedTargets } from "./regression.js";

type CountedMetric = Extract<NormalMetric, { type: "f1" | "precision" | "recall" }>;

/** 1 where a prediction, or a target, is of a class: both [..., classes]. */
function memberships(metric: CountedMetric, operands: MetricOperands, context: Context) {
  const { b } = context;
  if (operands.targetKind === "probabilities") {
    const targets = comparedTargets(metric, operands, context);
    if (targets === undefined) return undefined;
    const logits = (operands.wire.logits ?? operands.wire).value;
    return {
      predicted: b.cast(b.greater(logits, 0), "float32"),
      actual: b.cast(b.greater(targets, 0.5), "float32"),
    };
  }
  const comparison = classOperands(metric, operands, context);
  return (
    comparison && {
      predicted: b.oneHot(b.argmax(comparison.scores, -1), comparison.classes),
      actual: b.oneHot(comparison.targetIds, comparison.classes),
    }
  );
}

function macroMetric<K extends CountedMetric["type"]>(type: K): MetricDefinition<Extract<CountedMetric, { type: K }>> {
  return {
    finalizer: `macro_${type}`,
    elaborate(metric, operands, context) {
      const { b } = context;
      const members = memberships(metric, operands, context);
      if (members === undefined) return undefined;
      const mask = operands.mask && broadcastTrailing(b, operands.mask, members.predicted);
      const perClass = (entries: Value): Value => {
        const masked = mask === null ? entries : b.mul(entries, mask);
        return b.unsqueeze(b.sum(masked, [...entries.type.shape.keys()].slice(0, -1)), [0]);
      };
      const hits = b.mul(members.predicted, members.actual);
      return b.concat([perClass(hits), perClass(members.predicted), perClass(members.actual)], 0);
    },
  };
}

export const f1 = macroMetric("f1");
export const precision = macroMetric("precision");
export const recall = macroMetric("recall");
