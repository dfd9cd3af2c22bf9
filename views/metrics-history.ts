/** What a run went through, read back from its `metrics.jsonl`: the loss at each step, and each evaluation. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SplitMetrics } from "../runtime/events.js";
import { runFiles } from "../runtime/run/layout.js";

export interface StepRecord {
  readonly step: number;
  readonly loss: number;
  readonly gradient_norm: number;
  /** Absent in runs of before it was recorded. */
  readonly learning_rate?: number;
  /** Of trainings in float16. */
  readonly loss_scale?: number;
}

export interface EvaluationRecord {
  readonly epoch: number;
  readonly step: number;
  readonly metrics: SplitMetrics;
}

export interface SampleRecord {
  readonly step: number;
  readonly text: string;
}

export interface MetricsHistory {
  readonly steps: readonly StepRecord[];
  readonly evaluations: readonly EvaluationRecord[];
  readonly samples: readonly SampleRecord[];
}

/** Lines that are not whole, as a run that is killed may leave, are passed over. */
export function readHistory(folder: string): MetricsHistory {
  const file = join(folder, runFiles.metrics);
  const steps: StepRecord[] = [];
  const evaluations: EvaluationRecord[] = [];
  const samples: SampleRecord[] = [];
  for (const line of existsSync(file) ? readFileSync(file, "utf8").split("\n") : []) {
    const record = parseLine(line);
    if (record?.event === "step") steps.push(record as unknown as StepRecord);
    else if (record?.event === "epoch") evaluations.push(record as unknown as EvaluationRecord);
    else if (record?.event === "sample") samples.push(record as unknown as SampleRecord);
  }
  return { steps, evaluations, samples };
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return line === "" ? undefined : JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** One number of a history over its steps. */
export interface Curve {
  /** `step` for what every update reports. */
  readonly split: "step" | keyof SplitMetrics;
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

const stepMetrics = ["loss", "gradient_norm", "learning_rate", "loss_scale"] as const;
const splits = ["train", "validation", "test"] as const;

/** Names of all that can be drawn: what every step has, then the metrics of the evaluations. */
export function metricNames({ steps, evaluations }: MetricsHistory): readonly string[] {
  const reported = stepMetrics.filter((name) => steps.some((step) => step[name] !== undefined));
  const evaluated = evaluations.flatMap(({ metrics }) => splits.flatMap((split) => Object.keys(metrics[split])));
  return [...new Set([...reported, ...evaluated])];
}

/** The curves of a name, without those that have no points. */
export function curvesOf({ steps, evaluations }: MetricsHistory, name: string): readonly Curve[] {
  const stepMetric = stepMetrics.find((candidate) => candidate === name);
  const stepPoints =
    stepMetric === undefined
      ? []
      : steps.flatMap(({ step, ...values }) => {
          const value = values[stepMetric];
          return value === undefined || !Number.isFinite(value) ? [] : [{ step, value }];
        });
  const evaluated = splits.map((split) => ({
    split,
    points: evaluations.flatMap(({ step, metrics }) => {
      const value = metrics[split][name];
      return typeof value === "number" && Number.isFinite(value) ? [{ step, value }] : [];
    }),
  }));
  return [{ split: "step" as const, points: stepPoints }, ...evaluated].filter(({ points }) => points.length > 0);
}

/** At most so many points: each the mean of those that fall together, so that nothing is left out. */
export function downsample(points: Curve["points"], maxPoints: number): Curve["points"] {
  if (points.length <= maxPoints) return points;
  return Array.from({ length: maxPoints }, (_, index) => {
    const bucket = points.slice(
      Math.floor((index * points.length) / maxPoints),
      Math.floor(((index + 1) * points.length) / maxPoints),
    );
    const value = bucket.reduce((sum, point) => sum + point.value, 0) / bucket.length;
    return { step: bucket.at(-1)?.step ?? 0, value };
  });
}
