/**
 * Penalties that are added to the loss: l1 Σ |w| + l2 Σ w² over the trained weights, and activity times the mean square
 * of the outputs of each rnn layer at valid steps. Weights are parameters of rank 2 or more; with `biases` all
 * parameters.
 */
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Builder } from "../ir/builder.js";
import type { Value } from "../ir/types.js";
import { maskedSum } from "./masked-sum.js";
import { type ElaborationState, isTrained } from "./state.js";
import type { Wire } from "./wire.js";

/** The penalty, a scalar; null without one. */
export function penaltyOf({ regularization, model }: NormalSpec, { context, ports }: ElaborationState): Value | null {
  if (regularization === null) return null;
  const { b, earlierLayer, problem } = context;
  const { l1, l2, activity, biases } = regularization;
  const weights = ports().filter(({ role, name, value }) => {
    const isBias = value.type.shape.length < 2;
    return role === "parameter" && isTrained(name, model) && (biases || !isBias);
  });
  const terms = weights.flatMap(({ value }) => [
    ...(l1 > 0 ? [b.mul(b.sum(b.abs(value)), l1)] : []),
    ...(l2 > 0 ? [b.mul(b.sum(b.mul(value, value)), l2)] : []),
  ]);
  if (activity > 0) {
    const outputs = model.flatMap(({ layer, name }) => {
      const rnnLayer = layer === "rnn" ? earlierLayer(name) : undefined;
      return rnnLayer === undefined ? [] : [rnnLayer.wire];
    });
    if (outputs.length === 0)
      problem({
        part: regularization,
        key: "activity",
        code: "no-activity",
        message: '"activity" penalizes the outputs of rnn layers, but the model has no rnn layer.',
        hint: 'Remove "activity", or add an rnn layer.',
      });
    terms.push(...outputs.map((wire) => b.mul(meanSquare(b, wire), activity)));
  }
  return terms.length === 0 ? null : b.withName(terms.reduce(b.add), "penalty");
}

function meanSquare(b: Builder, { value, sequence, mask: validSteps }: Wire): Value {
  const mask = sequence && validSteps !== null ? b.cast(b.squeeze(validSteps, [2]), "float32") : null;
  const { total, count } = maskedSum(b, b.mul(value, value), mask);
  return b.div(total, b.max(count, 1));
}
