/** Normalizations. */
import type { Builder } from "../../ir/builder.js";
import { elementCount, mulDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import { type ModelNode, staticDim } from "../node.js";
import { axesOf, expectFloat, perChannel, rankOf } from "./values.js";

interface Normalized {
  readonly value: Value;
  readonly mean: Value;
  /** 1 / √(variance + ε). */
  readonly inverse: Value;
  readonly variance: Value;
}

/** Mean 0 and variance 1 over some axes. */
function normalize(b: Builder, x: Value, axes: readonly number[], epsilon: number): Normalized {
  const mean = b.mean(x, axes, true);
  const centered = b.sub(x, mean);
  const variance = b.mean(b.mul(centered, centered), axes, true);
  const inverse = b.div(1, b.sqrt(b.add(variance, epsilon)));
  return { value: b.mul(centered, inverse), mean, inverse, variance };
}

const trainingModeNotice =
  "BatchNormalization of the model has training_mode = 1, which the file keeps: there other programs normalize by the batch. The chosen mode of batch normalization replaces it here, and evaluations normalize by the stored statistics. Export the model in eval mode for equal results.";

function batchNormalization(node: ModelNode, b: Builder): readonly (Value | undefined)[] {
  const x = expectFloat(node.x(0));
  const rank = rankOf(x);
  const channels = (vector: Value) => perChannel(b, vector, rank);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((index) => node.x(index)) as [Value, Value, Value, Value];
  const epsilon = node.float("epsilon") ?? 1e-5;
  node.freeze(3);
  node.freeze(4);
  const isStatedAsTraining = node.int("training_mode") === 1;
  if (isStatedAsTraining && node.batchNorm !== undefined) node.notice(trainingModeNotice);
  if ((node.batchNorm ?? (isStatedAsTraining ? "training" : "inference")) === "inference") {
    const deviation = b.sqrt(b.add(channels(variance), epsilon));
    const normalized = b.div(b.sub(x, channels(mean)), deviation);
    return [b.add(b.mul(normalized, channels(scale)), channels(shift)), mean, variance];
  }
  const axes = axesOf(rank).filter((axis) => axis !== 1);
  const ofBatch = normalize(b, x, axes, epsilon);
  const momentum = node.float("momentum") ?? 0.9;
  const follow = (before: Value, after: Value) =>
    b.add(b.mul(before, momentum), b.mul(b.reshape(after, before.type.shape), 1 - momentum));
  const [nextMean, nextVariance] = [follow(mean, ofBatch.mean), follow(variance, ofBatch.variance)];
  // The stored variance is unbiased, as in PyTorch and in batch_norm; the output of ONNX is not. 0 for a single row.
  const count = b.cast(b.size(b.range(elementCount(axes.map((axis) => at(x.type.shape, axis))))), "float32");
  const unbiased = b.mul(ofBatch.variance, b.div(count, b.max(b.sub(count, 1), 1)));
  node.update(3, nextMean);
  node.update(4, follow(variance, unbiased));
  return [b.add(b.mul(ofBatch.value, channels(scale)), channels(shift)), nextMean, nextVariance];
}

function layerNormalization(node: ModelNode, b: Builder): readonly Value[] {
  const [x, scale, shift] = [expectFloat(node.x(0)), node.x(1), node.optional(2)];
  const axis = node.axis(node.int("axis") ?? -1, rankOf(x));
  const epsilon = node.float("epsilon") ?? 1e-5;
  const isVector =
    axis === rankOf(x) - 1 && [scale, shift].every((value) => value === undefined || rankOf(value) === 1);
  if (isVector && scale.type.shape[0] === x.type.shape.at(-1))
    return b.apply("LayerNormalization", shift === undefined ? [x, scale] : [x, scale, shift], { epsilon });
  const { value, mean, inverse } = normalize(b, x, axesOf(rankOf(x)).slice(axis), epsilon);
  const scaled = b.mul(value, scale);
  return [shift === undefined ? scaled : b.add(scaled, shift), mean, inverse];
}

function groupNormalization(node: ModelNode, b: Builder): Value {
  const [x, scale, shift] = [expectFloat(node.x(0)), node.x(1), node.x(2)];
  const [batch = 1, channels = 1, ...places] = x.type.shape;
  const groups = node.int("num_groups") ?? 1;
  const perGroup = staticDim(channels, "channels") / groups;
  const grouped = b.reshape(x, [batch, groups, places.reduce(mulDims, perGroup)]);
  const { value } = normalize(b, grouped, [2], node.float("epsilon") ?? 1e-5);
  // Before opset 21 scale and shift have one number for each group.
  if (node.opset < 21) {
    const scaled = b.add(b.mul(value, b.unsqueeze(scale, [1])), b.unsqueeze(shift, [1]));
    return b.reshape(scaled, x.type.shape);
  }
  const restored = b.reshape(value, x.type.shape);
  return b.add(b.mul(restored, perChannel(b, scale, rankOf(x))), perChannel(b, shift, rankOf(x)));
}

export const normalizationOperators: readonly Lowering[] = [
  { operator: "BatchNormalization", lower: batchNormalization },
  { operator: "LayerNormalization", opsets: [17, 26], lower: layerNormalization },
  single("InstanceNormalization", (node, b) => {
    const x = expectFloat(node.x(0));
    const { value } = normalize(b, x, axesOf(rankOf(x)).slice(2), node.float("epsilon") ?? 1e-5);
    return b.add(b.mul(value, perChannel(b, node.x(1), rankOf(x))), perChannel(b, node.x(2), rankOf(x)));
  }),
  single("GroupNormalization", groupNormalization, { opsets: [18, 26] }),
  single(
    "RMSNormalization",
    (node, b) => {
      const x = expectFloat(node.x(0));
      const axes = axesOf(rankOf(x)).slice(node.axis(node.int("axis") ?? -1, rankOf(x)));
      const square = b.mean(b.mul(x, x), axes, true);
      return b.mul(b.div(x, b.sqrt(b.add(square, node.float("epsilon") ?? 1e-5))), node.x(1));
    },
    { opsets: [23, 26] },
  ),
  single("LpNormalization", (node, b) => {
    const x = expectFloat(node.x(0));
    const axes = [node.axis(node.int("axis") ?? -1, rankOf(x))];
    const isFirst = node.int("p") === 1;
    const norm = isFirst ? b.sum(b.abs(x), axes, true) : b.sqrt(b.sum(b.mul(x, x), axes, true));
    // A row of zeros stays zeros.
    return b.div(x, b.where(b.equal(norm, 0), 1, norm));
  }),
];
