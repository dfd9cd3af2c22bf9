/** sequence_loss: weighted cross-entropy of a sequence of logits, averaged over time and batch (TensorFlow 1, contrib.seq2seq). */
import type { NormalLoss } from "../../../schema/normal.js";
import { describeWire } from "../wire.js";
import { crossEntropyOf, idTargets, logitsFor } from "./classes.js";
import type { LossDefinition } from "./loss.js";

/** Keeps a mean over no weight at 0. */
const EPSILON = 1e-12;

export const sequenceLoss: LossDefinition<Extract<NormalLoss, { type: "sequence_loss" }>> = {
  metrics: ["accuracy", "perplexity"],
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
    const raw = crossEntropyOf(b, b.logSoftmax(logits), ids);
    const each = live === null ? raw : b.where(b.greater(live, 0), raw, 0);
    const ones =
      weights === null
        ? (live ?? b.expand(b.scalar(1), each.type.shape))
        : live === null
          ? weights
          : b.mul(weights, live);
    const terms = weights === null ? each : b.mul(each, weights);
    // Time is axis 0, batch axis 1.
    const axes = [...(loss.average_across_timesteps ? [0] : []), ...(loss.average_across_batch ? [1] : [])];
    const [total, count] = [b.sum(terms), b.sum(ones)];
    if (axes.length === 0) return { value: b.transpose(terms, [1, 0]), total, count: b.scalar(1), perEntry: false };
    const value = b.div(b.sum(terms, axes), b.add(b.sum(ones, axes), EPSILON));
    if (axes.length === 2) return { value, total, count, perEntry: true };
    return { value, total: b.sum(value), count: b.scalar(1), perEntry: false };
  },
};
