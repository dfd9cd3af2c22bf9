/** What the metrics over classes read: scores of classes, and which class is right. */
import type { Dim, Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { shapeText } from "../losses/loss.js";
import { sameSizes } from "../sizes.js";
import type { MetricOperands } from "./metric.js";

export interface ClassOperands {
  /** The larger, the likelier: [time, batch, classes] or [batch, classes]. */
  readonly scores: Value;
  readonly classes: Dim;
  /** The right class of each entry, int64: the scores' shape without its last axis. */
  readonly wanted: Value;
}

/** Targets may be class ids, or rows whose largest entry is the right class. */
export function classOperands(
  metric: { readonly type: string },
  { wire, targets, answers }: MetricOperands,
  { b, problem }: Context,
): ClassOperands | undefined {
  const scores = (wire.logits ?? wire).value;
  const { shape } = scores.type;
  const classes = shape.at(-1) ?? 1;
  const complain = (what: string, hint: string) =>
    problem({ part: metric, key: "type", code: "metric-targets", message: `${metric.type} ${what}.`, hint });
  if (answers === "labels")
    return complain("needs one class per step, but ctc aligns labels with steps itself", 'Use "exact_sequence".');
  if (answers !== "class")
    return complain(
      `chooses among classes, but the loss takes the outputs for ${answers === "yes_or_no" ? "yes or no each" : "numbers"}`,
      answers === "yes_or_no" ? 'Use "binary_accuracy" or "f1".' : 'Use "rmse" or "mae".',
    );
  const ids = targets.type.dtype !== "float32";
  const same = sameSizes(targets.type.shape, ids ? shape.slice(0, -1) : shape);
  if (same === undefined) return undefined;
  if (same) return { scores, classes, wanted: ids ? b.cast(targets, "int64") : b.argmax(targets, -1) };
  return complain(
    `needs the class of each output ${shapeText(scores, wire)}, but the targets are ${ids ? "ids" : "numbers"} ${shapeText(targets, wire)}`,
    "Give one whole number per output, counting classes from 0.",
  );
}
