/** Operands of the metrics over classes: scores of classes, and target classes. */
import type { TargetKind } from "../../../schema/kinds/losses.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { alternativeHint, type MetricOperands } from "./metric.js";

export interface ClassOperands {
  /** Scores, monotonic in probability: [time, batch, classes] or [batch, classes]. */
  readonly scores: Value;
  readonly classes: Dim;
  /** The target class of each entry, int64: the scores' shape without its last axis. */
  readonly targetIds: Value;
}

/** The reason why a metric over classes cannot read the targets of a loss. */
const mismatchText: Readonly<Record<Exclude<TargetKind, "classes">, string>> = {
  labels: "needs one target class per step, but the targets of ctc are label sequences",
  numbers: "needs target classes, but the targets of the loss are numbers",
  counts: "needs target classes, but the targets of the loss are counts",
  probabilities: "needs one target class per output, but the targets of the loss are binary",
};

/** Operands from targets that are class ids, or rows whose largest entry is the target class. */
export function classOperands(
  metric: { readonly type: string },
  operands: MetricOperands,
  { b, problem }: Context,
): ClassOperands | undefined {
  const { wire, targets, targetKind } = operands;
  const scores = (wire.logits ?? wire).value;
  const { shape } = scores.type;
  const classes = at(shape, shape.length - 1);
  if (targetKind !== "classes")
    return problem({
      part: metric,
      key: "type",
      code: "metric-targets",
      message: `${metric.type} ${mismatchText[targetKind]}.`,
      hint: alternativeHint(operands),
    });
  // The loss has checked that each output has a class or a row.
  const areIds = targets.type.dtype !== "float32";
  return { scores, classes, targetIds: areIds ? b.cast(targets, "int64") : b.argmax(targets, -1) };
}
