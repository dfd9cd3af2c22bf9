/** sequence_loss: weighted cross-entropy of a sequence of logits, averaged over time and batch (TensorFlow 1, contrib.seq2seq). */
import type { NormalLoss } from "../../../schema/normal.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import { describeWire } from "../wire.js";
import { crossEntropyOf, idTargets, logitsFor, perOutput } from "./classes.js";
import type { LossDefinition } from "./loss.js";

/** Keeps a mean over no weight at 0. */
const EPSILON = 1e-12;

/** Time is axis 0, batch axis 1. */
const [TIME, BATCH] = [0, 1];

export const sequenceLoss: LossDefinition<Extract<NormalLoss, { type: "sequence_loss" }>> = {
  answers: "class",
  metrics: [{ type: "accuracy" }, { type: "perplexity" }],
  elaborate(loss, operands, context) {
    const { b, problem } = context;
    const { wire, weights, live } = operands;
    if (!wire.sequence)
      return problem({
        part: loss,
        key: "type",
        code: "needs-sequence",
        message: `sequence_loss compares sequences, but the model puts out ${describeWire(wire)}.`,
        hint: 'Let the last rnn layer return "sequence", or use cross_entropy.',
      });
    const logits = logitsFor(loss, "softmax", operands, context);
    const ids = logits && idTargets(loss, logits, operands, context);
    if (logits === undefined || ids === undefined) return undefined;
    const classes = loss.class_weights && perOutput(loss, "class_weights", loss.class_weights, logits, context);
    if (classes === undefined) return undefined;

    const raw = crossEntropyOf(b, b.logSoftmax(logits), ids);
    const each = live === null ? raw : b.where(b.greater(live, 0), raw, 0);
    const factor = product(b, [weights, classes && b.gather(classes, ids, 0)]);
    const terms = factor === null ? each : b.mul(each, factor);
    const shares = product(b, [factor, live]) ?? b.expand(b.scalar(1), each.type.shape);
    const axes = [...(loss.average_across_timesteps ? [TIME] : []), ...(loss.average_across_batch ? [BATCH] : [])];
    const total = b.sum(terms);
    if (axes.length === 0) return { value: b.transpose(terms, [BATCH, TIME]), total, count: b.scalar(1), parts: "sum" };
    if (axes.length === 2) {
      const count = b.add(b.sum(shares), EPSILON);
      return { value: b.div(total, count), total, count, parts: "mean" };
    }
    const value = b.div(b.sum(terms, axes), b.add(b.sum(shares, axes), EPSILON));
    const parts = loss.average_across_timesteps ? "sum" : "whole";
    return { value, total: b.sum(value), count: b.scalar(1), parts };
  },
};

/** The product of those factors that there are; null where there is none. */
function product(b: Builder, factors: readonly (Value | null)[]): Value | null {
  return factors.reduce((x, y) => (x === null || y === null ? (x ?? y) : b.mul(x, y)), null);
}
