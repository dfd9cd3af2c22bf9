/** What the model is held against: loss and metrics of its output. */
import { portionsOf } from "../../schema/batches.js";
import type { NormalLoss, NormalSpec } from "../../schema/normal.js";
import type { Finish } from "../artifact.js";
import type { Builder } from "../ir/builder.js";
import type { Value } from "../ir/types.js";
import type { Signature } from "../signature.js";
import type { Construction } from "./construction.js";
import type { Context, Shard } from "./context.js";
import { losses } from "./losses/index.js";
import type { LossDefinition, LossOperands } from "./losses/loss.js";
import { metricOf } from "./metrics/index.js";
import { meanTallies } from "./metrics/metric.js";
import { penaltyOf } from "./penalties.js";
import type { OutputPort, Program } from "./program.js";
import { swapBatchAndTime, type Wire } from "./wire.js";

export interface Output {
  readonly port: OutputPort;
  readonly value: Value;
}

export interface Objective {
  readonly outputs: readonly Output[];
  readonly finishes: Program["metrics"];
  readonly parts: Program["parts"];
}

/** Loss and metrics of an output wire; undefined when the spec's loss cannot read it, which has been reported. */
export function elaborateObjective(
  spec: NormalSpec,
  signature: Signature,
  construction: Construction,
  output: Wire,
): Objective | undefined {
  const { context } = construction;
  const { b } = context;
  const operands = lossOperands(spec, signature, construction, output);
  if (operands === undefined) return undefined;
  const definition = losses[spec.loss.type] as LossDefinition<NormalLoss>;
  const loss = definition.elaborate(spec.loss, operands, context);
  if (loss === undefined) return undefined;

  const penalty = penaltyOf(spec, construction);
  const penalized = (value: Value, times: Value | number) =>
    penalty === null ? value : b.add(value, b.mul(penalty, times));
  // A loss with an average switched off is differentiated as the sum of its values.
  const scalar = penalized(loss.value.type.shape.length === 0 ? loss.value : b.sum(loss.value), 1);
  const outputs: Output[] = [{ port: { name: "loss", role: "loss" }, value: b.named(scalar, "loss") }];
  const portions = portionsOf(spec.train);
  if ((portions > 1 || context.shard !== null) && context.mode === "training") {
    if (loss.parts === "whole") reportWhole(spec, context);
    // Of a sum, each portion bears its share of the penalty, and each row of it.
    const rows = context.shard && rowsOf(b, context.shard);
    const share = loss.parts === "mean" ? loss.count : rows === null ? 1 / portions : b.mul(rows, 1 / portions);
    outputs.push({ port: { name: "loss/total", role: "loss" }, value: penalized(loss.total, share) });
    outputs.push({ port: { name: "loss/count", role: "loss" }, value: loss.count });
  }
  const finishes: Record<string, Finish> = {};
  const report = (name: string, tallies: Value, finish: Finish) => {
    outputs.push({ port: { name: `metrics/${name}`, role: "metric" }, value: tallies });
    finishes[name] = finish;
  };
  report("loss", meanTallies(b, { total: penalized(loss.total, loss.count), count: loss.count }), "mean");
  const compared = { ...operands, answers: definition.answers, loss: spec.loss };
  for (const metric of spec.metrics ?? definition.metrics) {
    const definition = metricOf(metric);
    const tallies = definition.elaborate(metric, compared, context);
    if (tallies !== undefined) report(definition.name(metric), tallies, definition.finish);
  }
  return { outputs, finishes, parts: loss.parts };
}

/** The share of the batch's rows that are fed. */
function rowsOf(b: Builder, shard: Shard): Value {
  return b.div(b.cast(b.size(b.range("batch")), "float32"), b.cast(shard.whole(), "float32"));
}

function reportWhole({ loss, train }: NormalSpec, { problem, shard }: Context): void {
  if (shard !== null)
    problem({
      part: loss,
      key: "average_across_timesteps",
      code: "distributed-loss",
      message: `${loss.type} averages each step over all examples, so processes cannot share them.`,
      hint: 'Leave "average_across_timesteps" on, or train in one process.',
    });
  else
    problem({
      part: train,
      key: "accumulate",
      code: "accumulate-loss",
      message: `${loss.type} averages each step over all examples, so it cannot be made of portions of them.`,
      hint: 'Leave "average_across_timesteps" on, or take "accumulate" out.',
    });
}

function lossOperands(
  spec: NormalSpec,
  signature: Signature,
  { context, feed }: Construction,
  wire: Wire,
): LossOperands | undefined {
  const { b, problem } = context;
  const perStep = (value: Value): Value => (wire.sequence ? swapBatchAndTime(b, value) : value);
  if (wire.sequence && signature.targets.shape.length < 2)
    return problem({
      part: spec.loss,
      key: "type",
      code: "target-shape",
      message: `The model puts out one value per step, but the targets are one per sequence, [${signature.targets.shape.join(", ")}].`,
      hint: spec.model.some(({ layer }) => layer === "rnn")
        ? 'Write "return": "last" in the last rnn layer.'
        : 'End the steps with a "pool" layer.',
    });
  const weights = signature.weights && feed("weights", signature.weights);
  if (weights !== undefined && wire.sequence !== weights.type.shape.length > 1)
    return problem({
      part: spec.data,
      key: "weights",
      code: "weight-shape",
      message: `The weights are [${weights.type.shape.join(", ")}], but the loss has one entry per ${wire.sequence ? "step" : "sequence"}.`,
      hint: `Give weights of shape [${wire.sequence ? "batch, time" : "batch"}].`,
    });
  return {
    wire,
    targets: perStep(feed("targets", signature.targets)),
    weights: weights === undefined ? null : perStep(weights),
    live: wire.live !== null && wire.sequence ? b.cast(b.squeeze(wire.live, [2]), "float32") : null,
  };
}
