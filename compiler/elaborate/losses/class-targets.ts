/** Operands of the losses over classes: logits, class ids, weights of classes, and the cross-entropy of each entry. */
import { formatCount } from "../../../schema/counts.js";
import { isWeightsList } from "../../../schema/kinds/class-weights.js";
import { lossName } from "../../../schema/kinds/losses.js";
import type { NormalLoss } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import { tensor } from "../../ir/tensor.js";
import type { Value } from "../../ir/types.js";
import { shapesAgree } from "../compare-sizes.js";
import type { Context } from "../context.js";
import { type LossOperands, readerName, sequenceHint, shapeText } from "./loss.js";

/** The logits of a loss over classes: the operand of the model's final softmax or sigmoid, which the loss includes. */
export function logitsFor(
  reader: { readonly type: string; readonly name?: string },
  activation: "softmax" | "sigmoid",
  { wire }: LossOperands,
  { problem }: Context,
): Value | undefined {
  // The softmax of one logit is always 1, and the loss 0.
  if (activation === "softmax" && wire.value.type.shape.at(-1) === 1)
    return problem({
      part: reader,
      key: "type",
      code: "single-class",
      message: `${readerName(reader)} needs at least 2 classes, but the model has one output.`,
      hint: singleClassHint,
    });
  if (wire.logits === null) return wire.value;
  if (wire.logits.activation === activation) return wire.logits.value;
  return problem({
    part: reader,
    key: "type",
    code: "activation",
    message: `${readerName(reader)} includes a ${activation}, but the activation of the last layer is ${wire.logits.activation}.`,
    hint: `Write "activation": "${activation}" in the last layer, or remove its activation.`,
  });
}

const singleClassHint =
  "Give the last layer one output per class, from data with at least 2 classes. For one probability per output use " +
  "binary_cross_entropy.";

/** Class ids [time, batch] (or [batch]), int64. */
export function idTargets(
  loss: NormalLoss,
  logits: Value,
  { targets, wire }: LossOperands,
  context: Context,
): Value | undefined {
  const { dtype, shape } = targets.type;
  const isIds = dtype !== "float32";
  const isSameShape = shapesAgree(shape, logits.type.shape.slice(0, -1));
  if (isIds && isSameShape !== false) return isSameShape ? context.b.cast(targets, "int64") : undefined;
  // Rows of probabilities, where the loss accepts them: only their width is wrong.
  const areRows =
    loss.type === "cross_entropy" && !isIds && shape.length === logits.type.shape.length && shape.at(-1) !== 1;
  const actual = `${isIds ? "class ids" : "numbers"} ${shapeText(targets, wire)}`;
  return context.problem({
    part: loss,
    key: "type",
    code: "target-shape",
    message: `${lossName(loss)} needs one class id per output ${shapeText(logits, wire)}${
      areRows ? ", or a row of that width" : ""
    }, but the targets are ${actual}.`,
    hint:
      sequenceHint(targets, wire) ??
      (areRows
        ? `Set the last layer's size to ${shape.at(-1)}, or provide one integer per output.`
        : "Provide one integer per output, from 0."),
  });
}

/** -log softmax(logits)[id] of each entry: the logits' shape without its last axis. */
export function crossEntropyOf(b: Builder, logProbabilities: Value, ids: Value): Value {
  const axis = ids.type.shape.length;
  return b.neg(b.squeeze(b.gatherElements(logProbabilities, b.unsqueeze(ids, [axis]), axis), [axis]));
}

/** -Σ q log softmax(logits) of each entry, q being rows of probabilities. */
export function crossEntropyOfRows(b: Builder, logProbabilities: Value, rows: Value): Value {
  return b.neg(b.sum(b.mul(rows, logProbabilities), [-1]));
}

/** The weight of each class, as a vector; null without weights; undefined for weights that are reported. */
export function classWeightsFor(
  loss: Extract<NormalLoss, { readonly class_weights: unknown }>,
  logits: Value,
  context: Context,
): Value | null | undefined {
  const weights = loss.class_weights;
  // Weights that the data defines change no shape, and compile refuses them.
  if (weights === null || !isWeightsList(weights)) return null;
  if (weights.some((weight) => weight > 0)) return outputVector(loss, "class_weights", weights, logits, context);
  return context.problem({
    part: loss,
    key: "class_weights",
    code: "zero-weights",
    message: '"class_weights" has only zeros, so no target counts in the loss.',
    hint: "Write a weight above 0 for each class that the model has to learn.",
  });
}

/** One number per output, as a vector; undefined for another count, which is reported where the size is known. */
export function outputVector(
  part: object,
  key: string,
  values: readonly number[],
  outputs: Value,
  { b, problem }: Context,
): Value | undefined {
  const size = outputs.type.shape.at(-1);
  if (values.length === size) return b.constant(tensor("float32", [values.length], values));
  // A size that depends on the data may be equal.
  if (typeof size !== "number") return undefined;
  return problem({
    part,
    key,
    code: "output-count",
    message: `"${key}" has ${formatCount(values.length, "number")}, but the model has ${formatCount(size, "output")}.`,
    hint: "Write one number per output, in order.",
  });
}
