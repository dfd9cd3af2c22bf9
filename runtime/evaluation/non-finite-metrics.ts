/** Notices of a spec's own metrics that are not finite: the first equation whose value is not, on the examples. */
import type { Tensor } from "onnxruntime-common";
import type { Probe } from "../../compiler/inspect/finiteness.js";
import { metricsOf, reportedMetrics } from "../../schema/kinds/reported-metrics.js";
import type { NormalMetricCustom, NormalSpec } from "../../schema/normal/index.js";
import type { DataSource } from "../data/source.js";
import type { SplitMetrics } from "../events.js";
import { feedsFor } from "../sessions/ports.js";
import { createRecurrentStates } from "../sessions/recurrent-states.js";
import { openSession } from "../sessions/session.js";

export interface EvaluatedModel {
  readonly spec: NormalSpec;
  readonly source: DataSource;
  readonly parameters: Readonly<Record<string, Tensor>>;
  readonly batchSize: number;
}

/**
 * @param metrics of an evaluation.
 * @param stated names of metrics without another notice; those of the result are added.
 */
export async function nonFiniteMetricNotices(
  model: EvaluatedModel,
  metrics: SplitMetrics,
  stated: Set<string> = new Set(),
): Promise<readonly string[]> {
  const names = reportedMetrics(model.spec).slice(-metricsOf(model.spec).length);
  const notices: string[] = [];
  for (const [index, metric] of metricsOf(model.spec).entries()) {
    const name = names[index] ?? "";
    const found = Object.entries(metrics).find(([, values]) => !Number.isFinite(values[name] ?? 0));
    if (metric.type !== "custom" || found === undefined || stated.has(name)) continue;
    stated.add(name);
    const [split, values] = found;
    const equation = await locate(model, metric, split as keyof SplitMetrics).catch(() => undefined);
    const place = equation === undefined ? "" : ` The first value that is not finite is that of "${equation}".`;
    notices.push(`The metric ${name} is ${values[name]} on the ${split} examples.${place}`);
  }
  return notices;
}

/** The equation of the first value that is not finite in the first batch with one. */
async function locate(
  { spec, source, parameters, batchSize }: EvaluatedModel,
  metric: NormalMetricCustom,
  split: keyof SplitMetrics,
): Promise<string | undefined> {
  const { probeMetric } = await import("../../compiler/inspect/finiteness.js");
  const probe = await probeMetric(spec, source.signature(spec.train), metric.name);
  if (probe === undefined) return undefined;
  const session = await openSession(probe.model, "cpu", Number.POSITIVE_INFINITY);
  if (!session.ok) return undefined;
  const examples = source.splits[split];
  for (let start = 0; start < examples.length; start += batchSize) {
    const rows = examples.subarray(start, start + batchSize);
    const batch = source.batch(rows);
    const states = createRecurrentStates({ inputs: probe.inputs, outputs: [] }).feeds(rows.length);
    const feeds = feedsFor(probe.inputs, ({ name }) => states[name] ?? batch.get(name) ?? parameters[name]);
    const target = firstTarget(probe, await session.value.session.run(feeds));
    if (target === undefined) continue;
    const left = (text: string) => text.slice(0, text.indexOf("=")).split(",");
    return metric.equations.find((text) => left(text).some((name) => name.trim() === target));
  }
  return undefined;
}

/** The name that the equation of the first value that is not finite sets. */
function firstTarget({ probeOutputs }: Probe, outputs: Readonly<Record<string, Tensor>>): string | undefined {
  for (const { output, values } of probeOutputs) {
    const position = [...(outputs[output]?.data ?? [])].findIndex((value) => !Number.isFinite(Number(value)));
    if (position >= 0) return values[position]?.origin?.target;
  }
  return undefined;
}
