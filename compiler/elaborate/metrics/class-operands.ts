/** What the metrics over classes read: scores of classes, and which class is right. */
import type { TargetKind } from "../../../schema/kinds/losses.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { alternativeHint, type MetricOperands } from "./metric.js";

export interface ClassOperands {
  /** The larger, the likelier: [time, batch, classes] or [batch, classes]. */
  readonly scores: Value;
  readonly classes: Dim;
  /** The right class of each entry, int64: the scores' shape without its last axis. */
  readonly targetIds: Value;
}

/** How the answers of a loss differ from one class for each output. */
const mismatchText: Readonly<Record<Exclude<TargetKind, "classes">, string>> = {
  labels: "needs one class per step, but ctc aligns labels with steps itself",
  numbers: "chooses among classes, but the loss takes the outputs for numbers",
  probabilities: "chooses among classes, but the loss takes the outputs for yes or no each",
};

/** Targets may be class ids, or rows whose largest entry is the right class. */
export function classOperands(
  metric: { readonly type: string },
  { wire, targets, targetKind }: MetricOperands,
  { b, problem }: Context,
): ClassOperands | undefined {
  const scores = (wire.logits ?? wire).value;
  const { shape } = scores.type;
  const classes = at(shape, shape.length - 1);
  if (targetKind !== "classes")
    return problem({
      part: metric,
      key: "type",
      code: "metric-targets",
      message: `${metric.type} ${mismatchText[targetKind]}.`,
      hint: alternativeHint[targetKind],
    });
  // The loss has seen to it that there is a class, or a row, for each output.
  const areIds = targets.type.dtype !== "float32";
  return { scores, classes, targetIds: areIds ? b.cast(targets, "int64") : b.argmax(targets, -1) };
}
