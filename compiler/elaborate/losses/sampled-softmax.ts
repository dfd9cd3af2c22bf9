/**
 * sampled_softmax: cross-entropy of each target among a few candidate classes instead of all, drawn anew for every update
 * and shared by its entries (S. Jean et al., ACL 2015). As in TensorFlow's sampled_softmax_loss every logit is lessened by
 * the logarithm of how often its class is expected among the candidates, and a candidate that is an entry's target does not
 * count for it. Only the chosen columns of the last layer are multiplied. Out of training it is the full cross-entropy.
 */
import type { NormalLoss } from "../../../schema/normal.js";
import { addDims, elements } from "../../ir/dims.js";
import type { Value } from "../../ir/types.js";
import { type Candidates, candidatesOf } from "../candidates.js";
import type { Context, Product } from "../context.js";
import { describeWire } from "../wire.js";
import { crossEntropyOf, idTargets, logitsFor } from "./classes.js";
import { type LossDefinition, type LossOperands, reduceEntries } from "./loss.js";

type NormalSampledSoftmax = Extract<NormalLoss, { type: "sampled_softmax" }>;

/** The logit of what cannot be: finite, because the gradient of log-softmax would make NaN of -∞. */
const NEVER = -1e30;

export const sampledSoftmax: LossDefinition<NormalSampledSoftmax> = {
  answers: "class",
  metrics: [{ type: "accuracy" }, { type: "perplexity" }],
  elaborate(loss, operands, context) {
    const { b } = context;
    const logits = logitsFor(loss, "softmax", operands, context);
    const ids = logits && idTargets(loss, logits, operands, context);
    const product = logits && productOf(loss, logits, operands, context);
    if (logits === undefined || ids === undefined || product === undefined) return undefined;
    const classes = logits.type.shape.at(-1);
    // Until the data has said how many classes there are, nothing is wrong.
    if (typeof classes !== "number") return undefined;
    if (loss.samples > classes)
      return context.problem({
        part: loss,
        key: "samples",
        code: "too-many-samples",
        message: `"samples" is ${loss.samples}, but there are only ${classes} classes.`,
        hint: "Take fewer samples, or use cross_entropy: it reads all classes.",
      });
    const each =
      context.mode === "training"
        ? amongCandidates(product, ids, candidatesOf(context, loss, classes), context)
        : crossEntropyOf(b, b.logSoftmax(logits), ids);
    return reduceEntries(b, each, operands, loss.reduction);
  },
};

function productOf(
  loss: NormalSampledSoftmax,
  logits: Value,
  { wire }: LossOperands,
  context: Context,
): Product | undefined {
  const product = context.productBehind(logits);
  if (product !== undefined) return product;
  return context.problem({
    part: loss,
    key: "type",
    code: "needs-projection",
    message: `sampled_softmax multiplies with some columns of the last layer's weights, but the model ends in ${describeWire(wire)} that no dense or projection layer made.`,
    hint: "End the model with a projection layer.",
  });
}

/** The cross-entropy of each target, [time, batch] or [batch], among itself and the candidates. */
function amongCandidates(
  { input, kernel, bias }: Product,
  ids: Value,
  candidates: Candidates,
  { b }: Pick<Context, "b">,
): Value {
  const { shape } = ids.type;
  const [entries, last] = [elements(shape), shape.length];
  const { count } = candidates;
  const chosen = b.concat([candidates.ids, b.reshape(ids, [entries])], 0);
  const parts = (values: Value): readonly [Value, Value] => [
    b.slice(values, 0, 0, count),
    b.slice(values, 0, count, addDims(count, entries)),
  ];
  const columns =
    kernel.outputs === 0 ? b.gather(kernel.value, chosen, 0) : b.transpose(b.gather(kernel.value, chosen, 1), [1, 0]);
  const [theirs, own] = parts(columns);
  const others = b.matmul(input, b.transpose(theirs, [1, 0]));
  const right = b.sum(b.mul(input, b.reshape(own, input.type.shape)), [-1], true);
  const [theirBias, ownBias] = bias === null ? [null, null] : parts(b.gather(bias, chosen, 0));

  const perEntry = (values: Value) => b.reshape(values, [...shape, 1]);
  const logit = (product: Value, ofClass: Value | null, expected: Value | null) => {
    const biased = ofClass === null ? product : b.add(product, ofClass);
    return expected === null ? biased : b.sub(biased, expected);
  };
  const expected = candidates.logExpected(ids);
  const target = logit(right, ownBias && perEntry(ownBias), expected && perEntry(expected));
  const sampled = logit(others, theirBias, candidates.logExpected(candidates.ids));
  const isTarget = b.equal(b.unsqueeze(ids, [last]), candidates.ids);
  const logProbabilities = b.logSoftmax(b.concat([target, b.where(isTarget, NEVER, sampled)], last));
  return b.neg(b.squeeze(b.slice(logProbabilities, last, 0, 1), [last]));
}
