/** What the losses over classes share: logits, targets as ids, and the cross-entropy of each entry. */
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { batchFirst, type LossOperands } from "./loss.js";

/** The values that a loss over classes reads: those before the softmax or sigmoid that it applies itself. */
export function logitsFor(
  part: object,
  activation: "softmax" | "sigmoid",
  { wire }: LossOperands,
  { problem }: Context,
): Value | undefined {
  if (wire.logits === null) return wire.value;
  if (wire.logits.activation === activation) return wire.logits.value;
  return problem({
    part,
    key: "type",
    code: "activation",
    message: `this loss applies a ${activation} to the logits itself, but the last layer ends in a ${wire.logits.activation}`,
    hint: `Write "activation": "${activation}" in the last layer, or leave it out.`,
  });
}

/** Class ids [time, batch] (or [batch]), int64. */
export function idTargets(part: object, logits: Value, operands: LossOperands, context: Context): Value | undefined {
  const { targets, wire } = operands;
  const wanted = logits.type.shape.slice(0, -1);
  if (targets.type.dtype !== "float32" && sameShape(targets.type.shape, wanted))
    return context.b.cast(targets, "int64");
  return context.problem({
    part,
    key: "type",
    code: "target-shape",
    message: `this loss needs class ids ${batchFirst(wanted, wire)} for outputs ${batchFirst(logits.type.shape, wire)}, but the targets are ${
      targets.type.dtype === "float32" ? "numbers" : "ids"
    } ${batchFirst(targets.type.shape, wire)}`,
    hint:
      targets.type.shape.length < wanted.length
        ? 'For one label per sequence let the last rnn layer return "last".'
        : "Give one whole number per output, counting classes from 0.",
  });
}

/** -log softmax(logits)[id] of each entry: the logits' shape without its last axis. */
export function crossEntropyOf(b: Builder, logProbabilities: Value, ids: Value): Value {
  const axis = ids.type.shape.length;
  return b.neg(b.squeeze(b.gatherElements(logProbabilities, b.unsqueeze(ids, [axis]), axis), [axis]));
}
