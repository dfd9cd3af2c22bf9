/** The objective: loss, penalty and metrics of the model's output. */
import { defaultMetrics, targetKindOf } from "../../schema/kinds/losses.js";
import { metricName } from "../../schema/kinds/metrics.js";
import { windowsOf } from "../../schema/kinds/windows.js";
import { microBatchesOf } from "../../schema/micro-batches.js";
import type { NormalLayer, NormalLoss, NormalSpec } from "../../schema/normal/index.js";
import type { MetricFinalizer } from "../artifact.js";
import type { Builder } from "../ir/builder.js";
import { mulDims } from "../ir/dims.js";
import type { Value } from "../ir/types.js";
import type { Signature } from "../signature.js";
import type { Context, Shard } from "./context.js";
import { losses } from "./losses/index.js";
import type { LossDefinition, LossOperands, LossValue } from "./losses/loss.js";
import { metricOf } from "./metrics/index.js";
import { meanAccumulators } from "./metrics/metric.js";
import { type Penalty, penaltyOf } from "./penalties.js";
import type { OutputPort, Program } from "./program.js";
import type { ElaborationState } from "./state.js";
import { swapBatchAndTime, type Wire } from "./wire.js";

export interface Output {
  readonly port: OutputPort;
  readonly value: Value;
}

export interface Objective {
  readonly outputs: readonly Output[];
  readonly finalizers: Program["metrics"];
  readonly batching: Program["batching"];
}

/** Loss and metrics of an output wire; undefined after a reported problem of the loss. */
export function elaborateObjective(
  spec: NormalSpec,
  signature: Signature,
  state: ElaborationState,
  output: Wire,
): Objective | undefined {
  const { context } = state;
  const { b } = context;
  const operands = lossOperands(spec, signature, state, output);
  if (operands === undefined) return undefined;
  const definition = losses[spec.loss.type] as LossDefinition<NormalLoss>;
  const loss = definition.elaborate(spec.loss, operands, context);
  if (loss === undefined) return undefined;

  const penalty = penaltyOf(spec, state);
  const withPenalty = (value: Value, factor: Value | number) =>
    penalty === null ? value : b.add(value, b.mul(penalty.value, factor));
  // A loss with an average switched off is differentiated as the sum of its values.
  const scalar = withPenalty(loss.value.type.shape.length === 0 ? loss.value : b.sum(loss.value), 1);
  const outputs: Output[] = [{ port: { name: "loss", role: "loss" }, value: b.withName(scalar, "loss") }];
  const microBatches = microBatchesOf(spec.train);
  if ((microBatches > 1 || context.shard !== null) && context.mode === "training") {
    if (loss.batching === "indivisible") refuseSplitting(spec, context);
    if (penalty !== null && !isDivisible(penalty, loss, output.mask)) refuseActivity(spec, context);
    // The penalty of a summed loss is divided among the rows of the batch.
    const rowShare = context.shard === null ? 1 / microBatches : fedRowShare(b, context.shard);
    const share = loss.batching === "mean" ? loss.count : rowShare;
    outputs.push({ port: { name: "loss/total", role: "loss" }, value: withPenalty(loss.total, share) });
    outputs.push({ port: { name: "loss/count", role: "loss" }, value: loss.count });
  }
  const finalizers: Record<string, MetricFinalizer> = {};
  const addMetric = (name: string, accumulators: Value, finalizer: MetricFinalizer) => {
    outputs.push({ port: { name: `metrics/${name}`, role: "metric" }, value: accumulators });
    finalizers[name] = finalizer;
  };
  const isMean = loss.batching === "mean" && (penalty === null || penalty.activities.length === 0);
  if (isMean)
    addMetric("loss", meanAccumulators(b, { total: withPenalty(loss.total, loss.count), count: loss.count }), "mean");
  else addMetric("loss", lossAccumulators(b, loss, penalty), "sum_of_means");
  const metricOperands = { ...operands, targetKind: targetKindOf(spec.loss), loss: spec.loss };
  for (const metric of spec.metrics ?? defaultMetrics(spec)) {
    const definition = metricOf(metric);
    const accumulators = definition.elaborate(metric, metricOperands, context);
    if (accumulators !== undefined) addMetric(metricName(metric), accumulators, definition.finalizer);
  }
  return { outputs, finalizers, batching: loss.batching };
}

/**
 * Pairs of a sum and a count, [pairs * 2], from which the loss of all batches follows as of one: the means of the
 * penalties; then the loss, a mean, a sum (its count is 0), or a mean per time step.
 */
function lossAccumulators(b: Builder, { total, count, batching, perStep }: LossValue, penalty: Penalty | null): Value {
  const pair = (sum: Value, divisor: Value) => meanAccumulators(b, { total: sum, count: divisor });
  return b.concat(
    [
      ...(penalty?.weights ? [pair(penalty.weights, b.scalar(1))] : []),
      ...(penalty?.activities ?? []).map((activity) => pair(activity.total, activity.count)),
      perStep === null
        ? pair(total, batching === "mean" ? count : b.scalar(0))
        : b.reshape(b.concat([b.unsqueeze(perStep.totals, [1]), b.unsqueeze(perStep.counts, [1])], 1), [
            mulDims(2, perStep.totals.type.shape[0] ?? 1),
          ]),
    ],
    0,
  );
}

/**
 * True where micro-batches and processes know their share of the penalty: a mean over valid steps adds up only with
 * a loss that counts the same steps.
 */
function isDivisible({ activities }: Penalty, { batching, countUnit }: LossValue, outputMask: Value | null): boolean {
  if (activities.length === 0) return true;
  if (batching === "mean" && countUnit === "weights") return false;
  const lossMask = batching === "mean" && countUnit === "steps" ? outputMask : null;
  return activities.every(({ mask }) => mask === lossMask);
}

/** The fraction of the batch's rows that this micro-batch or process has. */
function fedRowShare(b: Builder, shard: Shard): Value {
  return b.div(b.cast(b.size(b.range("batch")), "float32"), b.cast(shard.batchSize(), "float32"));
}

function refuseSplitting({ loss, train }: NormalSpec, { problem }: Context): void {
  if (microBatchesOf(train) === 1)
    problem({
      part: loss,
      key: "average_across_timesteps",
      code: "distributed-loss",
      message: `${loss.type} averages each step over all examples, so several processes cannot split them.`,
      hint: 'Set "average_across_timesteps" to true, or train in one process.',
    });
  else
    problem({
      part: train,
      key: "accumulate",
      code: "accumulate-loss",
      message: `${loss.type} averages each step over all examples, so it cannot be accumulated over micro-batches.`,
      hint: 'Set "average_across_timesteps" to true, or remove "accumulate".',
    });
}

function refuseActivity({ regularization, train }: NormalSpec, { problem }: Context): void {
  const [splits, alternative] =
    microBatchesOf(train) === 1 ? ["processes", "train in one process"] : ["micro-batches", 'remove "accumulate"'];
  problem({
    part: regularization ?? train,
    key: "activity",
    code: "split-activity",
    message: `The mean of "activity" is over the valid steps of the whole batch, but the loss counts something else, so ${splits} do not know their share of it.`,
    hint: `Remove "activity", or ${alternative}.`,
  });
}

function lossOperands(
  spec: NormalSpec,
  signature: Signature,
  { context, feed }: ElaborationState,
  wire: Wire,
): LossOperands | undefined {
  const { b, problem } = context;
  const timeMajor = (value: Value): Value => (wire.sequence ? swapBatchAndTime(b, value) : value);
  if (wire.sequence && signature.targets.shape.length < 2)
    return problem({
      part: spec.loss,
      key: "type",
      code: "target-shape",
      message: `The model has one output per step, but one target per sequence, [${signature.targets.shape.join(", ")}].`,
      hint: spec.model.some(({ layer }) => layer === "rnn")
        ? 'Write "return": "last" in the last rnn layer.'
        : 'Add a "pool" layer.',
    });
  const shortened = shortensTime(spec, signature, wire);
  if (shortened !== undefined)
    return problem({
      part: shortened,
      code: "output-steps",
      message: `The data has one target per step, but the model has one output per window of ${shortened.name}.`,
      hint: `Add a "pool" layer for one prediction per sequence, or keep every step${"padding" in shortened ? ': "stride" 1, and "padding" "same" or "causal"' : ""}.`,
    });
  const weights = signature.weights && feed("weights", signature.weights);
  if (weights !== undefined && wire.sequence !== weights.type.shape.length > 1)
    return problem({
      part: spec.data,
      key: "weights",
      code: "weight-shape",
      message: `The weights have shape [${weights.type.shape.join(", ")}], but the loss has one entry per ${wire.sequence ? "step" : "sequence"}.`,
      hint: `Provide weights of shape [${wire.sequence ? "batch, time" : "batch"}].`,
    });
  return {
    wire,
    targets: timeMajor(feed("targets", signature.targets)),
    weights: weights === undefined ? null : timeMajor(weights),
    mask: wire.mask !== null && wire.sequence ? b.cast(b.squeeze(wire.mask, [2]), "float32") : null,
  };
}

/** The last layer that changes the time axis, where the targets have that of the inputs; undefined where none does. */
function shortensTime(
  { model, loss }: NormalSpec,
  { inputs, targets }: Signature,
  wire: Wire,
): NormalLayer | undefined {
  if (!wire.sequence || targetKindOf(loss) === "labels") return undefined;
  const [time, targetTime] = [wire.value.type.shape[0] ?? 1, targets.shape[1] ?? 1];
  const isShortened = time !== targetTime && targetTime === inputs.shape[1];
  return isShortened ? model.findLast((layer) => windowsOf(layer) !== undefined) : undefined;
}
