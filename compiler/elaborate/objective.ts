/** The objective: the weighted sum of the losses of the outputs, the penalty, and the metrics of each output. */
import { isForecastMetric } from "../../schema/kinds/forecasts.js";
import { defaultMetrics, targetKindOf } from "../../schema/kinds/losses.js";
import { metricName } from "../../schema/kinds/metrics.js";
import type { ModelOutput } from "../../schema/kinds/outputs.js";
import { microBatchesOf } from "../../schema/micro-batches.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { MetricFinalizer } from "../artifact.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import type { Signature } from "../signature.js";
import { lossOperands } from "./loss-operands.js";
import { accumulatorsOf, type LossPart, separateCounts, sumLosses } from "./loss-sum.js";
import { lossDefinition } from "./losses/index.js";
import { checkForecastMetric } from "./metrics/forecast.js";
import { metricOf } from "./metrics/index.js";
import { meanAccumulators } from "./metrics/metric.js";
import { type Penalty, penaltyOf } from "./penalties.js";
import type { OutputPort, Program } from "./program.js";
import { isDivisible, refuseActivity, refuseAverages, rowShare } from "./split-batches.js";
import type { ElaborationState } from "./state.js";
import type { WindowScaling } from "./window-scaling.js";
import type { Wire } from "./wire.js";

export interface Output {
  readonly port: OutputPort;
  readonly value: Value;
}

export interface Objective {
  readonly outputs: readonly Output[];
  readonly finalizers: Program["metrics"];
  readonly batching: Program["batching"];
}

/** An output of the model, and the value of its layer. */
export interface OutputWire {
  readonly output: ModelOutput;
  readonly wire: Wire;
}

/** Losses and metrics of the outputs; undefined after a reported problem of a loss. */
export function elaborateObjective(
  spec: NormalSpec,
  signature: Signature,
  state: ElaborationState,
  outputWires: readonly OutputWire[],
  scaling: WindowScaling | null = null,
): Objective | undefined {
  const { context } = state;
  const { b } = context;
  const parts = outputWires.flatMap((outputWire) => elaborateLoss(spec, signature, state, outputWire, scaling) ?? []);
  if (parts.length < outputWires.length) return undefined;
  const sum = sumLosses(b, parts);

  const penalty = penaltyOf(spec, state);
  const withPenalty = (value: Value, factor: Value | number) =>
    penalty === null ? value : b.add(value, b.mul(penalty.value, factor));
  const outputs: Output[] = [
    { port: { name: "loss", role: "loss" }, value: b.withName(withPenalty(sum.value, 1), "loss") },
  ];
  const addLoss = (name: string, value: Value) => outputs.push({ port: { name, role: "loss" }, value });
  const isSplit = (microBatchesOf(spec.train) > 1 || context.shard !== null) && context.mode === "training";
  const separate = isSplit && sum.ratio === null ? separateCounts(parts, state) : null;
  const ratio = separate ?? sum.ratio;
  if (isSplit && ratio === null) refuseAverages(spec, parts, context);
  if (isSplit && penalty !== null && !isDivisible(penalty, ratio)) refuseActivity(spec, context);
  if (isSplit && ratio !== null) {
    // The penalty of a summed loss is divided among the rows of the batch.
    addLoss("loss/total", withPenalty(ratio.total, ratio.batching === "mean" ? ratio.count : rowShare(spec, context)));
    addLoss("loss/count", ratio.count);
    if (separate !== null) addLoss("loss/counts", separate.counts);
  }
  const finalizers: Record<string, MetricFinalizer> = {};
  const addMetric = (name: string, accumulators: Value, finalizer: MetricFinalizer) => {
    outputs.push({ port: { name: `metrics/${name}`, role: "metric" }, value: accumulators });
    finalizers[name] = finalizer;
  };
  if (sum.ratio?.batching === "mean" && (penalty === null || penalty.activities.length === 0)) {
    const { total, count } = sum.ratio;
    addMetric("loss", meanAccumulators(b, { total: withPenalty(total, count), count }), "mean");
  } else {
    const terms = sum.terms.map((term) => accumulatorsOf(b, term));
    addMetric("loss", b.concat([...penaltyAccumulators(b, penalty), ...terms], 0), "sum_of_means");
  }
  for (const { output, value } of parts.length > 1 ? parts : [])
    addMetric(`${output.prefix}loss`, accumulatorsOf(b, value), "sum_of_means");
  for (const metric of spec.metrics ?? parts.flatMap(({ output }) => defaultMetrics(spec, output.loss))) {
    const { output, operands } = parts.find((part) => part.output.name === metric.output) ?? at(parts, 0);
    const { loss, prefix } = output;
    if (isForecastMetric(metric)) {
      checkForecastMetric(metric, loss, spec, context);
      continue;
    }
    const definition = metricOf(metric);
    const accumulators = definition.elaborate(metric, { ...operands, targetKind: targetKindOf(loss), loss }, context);
    if (accumulators !== undefined) addMetric(`${prefix}${metricName(metric)}`, accumulators, definition.finalizer);
  }
  return { outputs, finalizers, batching: ratio?.batching ?? "indivisible" };
}

/** The loss of one output; undefined after a reported problem. */
function elaborateLoss(
  spec: NormalSpec,
  signature: Signature,
  state: ElaborationState,
  { output, wire }: OutputWire,
  scaling: WindowScaling | null = null,
): LossPart | undefined {
  const operands = lossOperands(spec, signature, state, output, wire, scaling);
  if (operands === undefined) return undefined;
  const value = lossDefinition(output.loss.type).elaborate(output.loss, operands, state.context);
  return value && { output, operands, value };
}

/** Pairs of a sum and a count, the means of which are the penalties. */
function penaltyAccumulators(b: Builder, penalty: Penalty | null): readonly Value[] {
  return [
    ...(penalty?.weights ? [meanAccumulators(b, { total: penalty.weights, count: b.scalar(1) })] : []),
    ...(penalty?.activities ?? []).map((activity) => meanAccumulators(b, activity)),
  ];
}
