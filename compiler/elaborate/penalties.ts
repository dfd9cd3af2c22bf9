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

export interface Penalty {
  /** The penalty of the batch, a scalar. */
  readonly value: Value;
  /** The terms of the weights, the same for any batch; null without them. */
  readonly weights: Value | null;
  /** Of each rnn layer `activity` times the sum of squares, the number of entries, and the mask of the valid steps. */
  readonly activities: readonly { readonly total: Value; readonly count: Value; readonly mask: Value | null }[];
}

/** The penalty; null without one. */
export function penaltyOf(spec: NormalSpec, { context, ports }: ElaborationState): Penalty | null {
  const { regularization, model } = spec;
  if (regularization === null) return null;
  const { b, earlierLayer, problem } = context;
  const { l1, l2, activity, biases } = regularization;
  const weights = ports().filter(({ role, name, value }) => {
    const isBias = value.type.shape.length < 2;
    return role === "parameter" && isTrained(name, spec) && (biases || !isBias);
  });
  const terms = weights.flatMap(({ value }) => [
    ...(l1 > 0 ? [b.mul(b.sum(b.abs(value)), l1)] : []),
    ...(l2 > 0 ? [b.mul(b.sum(b.mul(value, value)), l2)] : []),
  ]);
  const weightTerm = terms.length === 0 ? null : terms.reduce(b.add);
  const activities: Penalty["activities"][number][] = [];
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
    for (const wire of outputs) {
      const { total, count, mask } = squares(b, wire);
      const mean = b.div(total, b.max(count, 1));
      terms.push(b.mul(mean, activity));
      activities.push({ total: b.mul(total, activity), count, mask });
    }
  }
  if (terms.length === 0) return null;
  return { value: b.withName(terms.reduce(b.add), "penalty"), weights: weightTerm, activities };
}

function squares(b: Builder, { value, sequence, mask }: Wire) {
  const validSteps = sequence && mask !== null ? mask : null;
  const stepMask = validSteps && b.cast(b.squeeze(validSteps, [2]), "float32");
  return { ...maskedSum(b, b.mul(value, value), stepMask), mask: validSteps };
}
