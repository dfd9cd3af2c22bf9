/**
 * sampled_softmax: cross-entropy of each target among a few candidate classes, drawn for every update and shared by its
 * entries (S. Jean et al., ACL 2015). As in TensorFlow's sampled_softmax_loss, the log of its class's expected count is
 * subtracted from every logit, and accidental hits (candidates equal to the target) are excluded. Only the sampled
 * columns of the last layer are multiplied. In evaluation the loss is the full cross-entropy. In code, because it draws
 * classes, and reads rows of the projection.
 */
import { formatInteger } from "../../../schema/counts.js";
import type { NormalLoss } from "../../../schema/normal/index.js";
import { addDims, elementCount } from "../../ir/dims.js";
import type { Value } from "../../ir/types.js";
import type { Affine, Context } from "../context.js";
import { describeWire } from "../wire.js";
import { type Candidates, sampleCandidates } from "./candidate-sampling.js";
import { crossEntropyOf, idTargets, logitsFor } from "./class-targets.js";
import { type LossDefinition, type LossOperands, reduceEntries } from "./loss.js";

type NormalSampledSoftmax = Extract<NormalLoss, { type: "sampled_softmax" }>;

/** The logit of an excluded class: finite, because the gradient of log-softmax at -∞ is NaN. */
const EXCLUDED_LOGIT = -1e30;

export const sampledSoftmax: LossDefinition<NormalSampledSoftmax> = {
  elaborate(loss, operands, context) {
    const { b } = context;
    const logits = logitsFor(loss, "softmax", operands, context);
    const ids = logits && idTargets(loss, logits, operands, context);
    const affine = logits && affineOf(loss, logits, operands, context);
    if (logits === undefined || ids === undefined || affine === undefined) return undefined;
    const classes = logits.type.shape.at(-1);
    // The number of classes depends on the data.
    if (typeof classes !== "number") return undefined;
    if (loss.samples > classes)
      return context.problem({
        part: loss,
        key: "samples",
        code: "too-many-samples",
        message: `"samples" is ${loss.samples}, but the model has only ${formatInteger(classes)} classes.`,
        hint: `Write at most ${classes}, or use cross_entropy, which reads all classes.`,
      });
    const losses =
      context.mode === "training"
        ? sampledCrossEntropy(affine, ids, sampleCandidates(context, operands.name, loss, classes), context)
        : crossEntropyOf(b, b.logSoftmax(logits), ids);
    return reduceEntries(b, losses, operands, loss.reduction);
  },
};

function affineOf(
  loss: NormalSampledSoftmax,
  logits: Value,
  { wire }: LossOperands,
  context: Context,
): Affine | undefined {
  const affine = context.affineBehind(logits);
  if (affine !== undefined) return affine;
  return context.problem({
    part: loss,
    key: "type",
    code: "needs-projection",
    message: `sampled_softmax reads columns of the last layer's weights, but the last layer, with output ${describeWire(wire)}, is neither dense nor projection.`,
    hint: "Add a projection as the last layer.",
  });
}

/** The cross-entropy of each target, [time, batch] or [batch], among itself and the candidates. */
function sampledCrossEntropy(
  { input, kernel, bias }: Affine,
  ids: Value,
  candidates: Candidates,
  { b }: Pick<Context, "b">,
): Value {
  const { shape } = ids.type;
  const [entryCount, classAxis] = [elementCount(shape), shape.length];
  const { count } = candidates;
  const classIds = b.concat([candidates.ids, b.reshape(ids, [entryCount])], 0);
  const splitCandidates = (values: Value): readonly [Value, Value] => [
    b.slice(values, 0, 0, count),
    b.slice(values, 0, count, addDims(count, entryCount)),
  ];
  const columns =
    kernel.outputAxis === 0
      ? b.gather(kernel.value, classIds, 0)
      : b.transpose(b.gather(kernel.value, classIds, 1), [1, 0]);
  const [candidateColumns, targetColumns] = splitCandidates(columns);
  const candidateProducts = b.matmul(input, b.transpose(candidateColumns, [1, 0]));
  const targetProducts = b.sum(b.mul(input, b.reshape(targetColumns, input.type.shape)), [-1], true);
  const [candidateBias, targetBias] = bias === null ? [null, null] : splitCandidates(b.gather(bias, classIds, 0));

  const asColumn = (values: Value) => b.reshape(values, [...shape, 1]);
  const logit = (product: Value, classBias: Value | null, expected: Value | null) => {
    const biased = classBias === null ? product : b.add(product, classBias);
    return expected === null ? biased : b.sub(biased, expected);
  };
  const expected = candidates.logExpectedCount(ids);
  const targetLogit = logit(targetProducts, targetBias && asColumn(targetBias), expected && asColumn(expected));
  const candidateLogits = logit(candidateProducts, candidateBias, candidates.logExpectedCount(candidates.ids));
  const isTarget = b.equal(b.unsqueeze(ids, [classAxis]), candidates.ids);
  const logProbabilities = b.logSoftmax(
    b.concat([targetLogit, b.where(isTarget, EXCLUDED_LOGIT, candidateLogits)], classAxis),
  );
  return b.neg(b.squeeze(b.slice(logProbabilities, classAxis, 0, 1), [classAxis]));
}
