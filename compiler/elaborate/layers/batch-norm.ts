/**
 * batch_norm: each feature normalized over the batch and its valid steps, then scaled by a gain and shifted. S. Ioffe,
 * C. Szegedy (2015). Running statistics, which evaluation and inference use, are the buffers `<name>/running_mean` and
 * `<name>/running_variance` [features]. In code, because it reads all rows of the batch, and its statistics are
 * buffers.
 */
import { microBatchesOf } from "../../../schema/micro-batches.js";
import type { NormalBatchNorm, NormalLayer, NormalTrain } from "../../../schema/normal/index.js";
import type { Value } from "../../ir/types.js";
import type { Context, LayerDefinition } from "../context.js";
import { gainAndShift, normalizedWire, withGainAndShift } from "../gain-shift.js";
import { constantOne, constantZero } from "../initializers.js";
import { momentsOver } from "../moments.js";
import { width } from "../wire.js";
import { checkNumbers } from "./numeric-input.js";

export const batchNorm: LayerDefinition<NormalBatchNorm> = {
  elaborate(layer, input, context) {
    if (!checkNumbers(layer, input, context)) return undefined;
    const { b } = context;
    const { name, epsilon, momentum } = layer;
    const features = [width(input)];
    const runningMean = context.buffer(`${name}/running_mean`, features, constantZero);
    const runningVariance = context.buffer(`${name}/running_variance`, features, constantOne);
    const deviationOf = (variance: Value) => b.sqrt(b.add(variance, epsilon));
    if (!context.isTraining(layer)) {
      // One scale and one offset for each feature, which an export folds into the weights of an affine map.
      const { gain, shift } = gainAndShift(layer, input, context);
      const scale = b.div(gain ?? 1, deviationOf(runningVariance));
      const centering = b.mul(runningMean, scale);
      const offset = shift === null ? b.neg(centering) : b.sub(shift, centering);
      return normalizedWire(layer, input, b.add(b.mul(input.value, scale), offset), context);
    }
    const leadingAxes = input.value.type.shape.slice(0, -1).map((_, axis) => axis);
    const { mean, centered, variance, count } = momentsOver(b, input.value, leadingAxes, input.mask);
    const average = (running: Value, batch: Value) =>
      b.add(b.mul(running, 1 - momentum), b.mul(b.reshape(batch, features), momentum));
    context.setNextBuffer(`${name}/running_mean`, average(runningMean, mean));
    // The unbiased variance; 0 for a single row.
    const unbiased = b.mul(variance, b.div(count, b.max(b.sub(count, 1), 1)));
    context.setNextBuffer(`${name}/running_variance`, average(runningVariance, unbiased));
    return withGainAndShift(layer, input, b.div(centered, deviationOf(variance)), context);
  },
  checkTraining: checkBatchStatistics,
};

/** Reports trainings whose batches do not have all rows at once, or have one row: statistics of a batch need them. */
export function checkBatchStatistics(
  layer: NormalLayer,
  train: NormalTrain,
  { problem, shard, earlierLayer }: Context,
): void {
  const alternative =
    layer.layer === "onnx"
      ? 'write "batch_norm": "inference"'
      : "use layer_norm or group_norm, whose statistics are those of one sequence";
  if (microBatchesOf(train) > 1)
    problem({
      part: train,
      key: "accumulate",
      code: "accumulate-batch-norm",
      message: `${layer.name} normalizes over the whole batch, whose statistics micro-batches do not know.`,
      hint: `Remove "accumulate", or ${alternative}.`,
    });
  else if (shard !== null)
    problem({
      part: layer,
      code: "distributed-batch-norm",
      message: `${layer.name} normalizes over the whole batch, whose statistics processes that share it do not know.`,
      hint: `Train in one process, or ${alternative}.`,
    });
  if (train.batch_size === 1 && earlierLayer(layer.name)?.wire.sequence === false)
    problem({
      part: train,
      key: "batch_size",
      code: "batch-norm-row",
      message: `${layer.name} normalizes over the rows of a batch, but batches have one row, whose variance is 0.`,
      hint: `Set "batch_size" to 2 or more, or ${alternative}.`,
    });
}
