/**
 * sequence_loss: weighted cross-entropy of a sequence of logits, averaged over time and batch (TensorFlow 1,
 * contrib.seq2seq). In code, because its average is over time and batch, by the weights of the data.
 */
import type { NormalLoss } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import { describeWire } from "../wire.js";
import { classWeightsFor, crossEntropyOf, idTargets, logitsFor } from "./class-targets.js";
import type { LossDefinition } from "./loss.js";

/** Added to counts: a mean over weights of sum 0 is 0. */
const EPSILON = 1e-12;

/** Axes. */
const [TIME, BATCH] = [0, 1];

export const sequenceLoss: LossDefinition<Extract<NormalLoss, { type: "sequence_loss" }>> = {
  elaborate(loss, operands, context) {
    const { b, problem } = context;
    const { wire, weights, mask } = operands;
    if (!wire.sequence)
      return problem({
        part: loss,
        key: "type",
        code: "needs-sequence",
        message: `sequence_loss needs a sequence of outputs, but the model outputs ${describeWire(wire)}.`,
        hint: 'Write "return": "sequence" in the last rnn layer, or use cross_entropy.',
      });
    const logits = logitsFor(loss, "softmax", operands, context);
    const ids = logits && idTargets(loss, logits, operands, context);
    if (logits === undefined || ids === undefined) return undefined;
    const classWeights = classWeightsFor(loss, logits, context);
    if (classWeights === undefined) return undefined;

    const crossEntropy = crossEntropyOf(b, b.logSoftmax(logits), ids);
    const losses = mask === null ? crossEntropy : b.where(b.greater(mask, 0), crossEntropy, 0);
    const entryWeights = product(b, [weights, classWeights && b.gather(classWeights, ids, 0)]);
    const terms = entryWeights === null ? losses : b.mul(losses, entryWeights);
    const counts = product(b, [entryWeights, mask]) ?? b.expand(b.scalar(1), losses.type.shape);
    const axes = [...(loss.average_across_timesteps ? [TIME] : []), ...(loss.average_across_batch ? [BATCH] : [])];
    const total = b.sum(terms);
    const countUnit = entryWeights !== null ? "weights" : mask === null ? "rows" : "steps";
    const common = { total, count: b.scalar(1), countUnit, perStep: null } as const;
    if (axes.length === 0) return { ...common, value: b.transpose(terms, [BATCH, TIME]), batching: "sum" };
    if (axes.length === 2) {
      const count = b.add(b.sum(counts), EPSILON);
      return { ...common, value: b.div(total, count), count, batching: "mean" };
    }
    const value = b.div(b.sum(terms, axes), b.add(b.sum(counts, axes), EPSILON));
    const sums = { ...common, value, total: b.sum(value) };
    if (loss.average_across_timesteps) return { ...sums, batching: "sum" };
    return { ...sums, batching: "indivisible", perStep: { totals: b.sum(terms, axes), counts: b.sum(counts, axes) } };
  },
};

/** The product of the factors that are not null; null without any. */
function product(b: Builder, factors: readonly (Value | null)[]): Value | null {
  return factors.reduce((x, y) => (x === null || y === null ? (x ?? y) : b.mul(x, y)), null);
}
