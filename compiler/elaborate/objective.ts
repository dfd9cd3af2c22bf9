/** The objective: loss, penalty and metrics of the model's output. */
import { defaultMetrics, targetKindOf } from "../../schema/kinds/losses.js";
import { metricName } from "../../schema/kinds/metrics.js";
import { microBatchesOf } from "../../schema/micro-batches.js";
import type { NormalLoss, NormalSpec } from "../../schema/normal/index.js";
import type { MetricFinalizer } from "../artifact.js";
import type { Builder } from "../ir/builder.js";
import type { Value } from "../ir/types.js";
import type { Signature } from "../signature.js";
import type { Context, Shard } from "./context.js";
import { losses } from "./losses/index.js";
import type { LossDefinition, LossOperands } from "./losses/loss.js";
import { metricOf } from "./metrics/index.js";
import { meanAccumulators } from "./metrics/metric.js";
import { penaltyOf } from "./penalties.js";
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
    penalty === null ? value : b.add(value, b.mul(penalty, factor));
  // A loss with an average switched off is differentiated as the sum of its values.
  const scalar = withPenalty(loss.value.type.shape.length === 0 ? loss.value : b.sum(loss.value), 1);
  const outputs: Output[] = [{ port: { name: "loss", role: "loss" }, value: b.withName(scalar, "loss") }];
  const microBatches = microBatchesOf(spec.train);
  if ((microBatches > 1 || context.shard !== null) && context.mode === "training") {
    if (loss.batching === "indivisible") refuseSplitting(spec, context);
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
  addMetric("loss", meanAccumulators(b, { total: withPenalty(loss.total, loss.count), count: loss.count }), "mean");
  const metricOperands = { ...operands, targetKind: targetKindOf(spec.loss), loss: spec.loss };
  for (const metric of spec.metrics ?? defaultMetrics(spec.loss)) {
    const definition = metricOf(metric);
    const accumulators = definition.elaborate(metric, metricOperands, context);
    if (accumulators !== undefined) addMetric(metricName(metric), accumulators, definition.finalizer);
  }
  return { outputs, finalizers, batching: loss.batching };
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
