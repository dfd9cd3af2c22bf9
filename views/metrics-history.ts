/** The metrics history of a run, read from its `metrics.jsonl`: steps, evaluations and text samples. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SplitMetrics } from "../runtime/events.js";
import { runFiles } from "../runtime/run/layout.js";

export interface StepRecord {
  readonly step: number;
  readonly loss: number;
  readonly gradient_norm: number;
  /** Absent in older runs. */
  readonly learning_rate?: number;
  /** With float16 only. */
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

/** Reads the history. Incomplete lines, as a killed run may leave, are skipped. */
export function readHistory(folder: string): MetricsHistory {
  const file = join(folder, runFiles.metrics);
  const steps: StepRecord[] = [];
  const evaluations: EvaluationRecord[] = [];
  const samples: SampleRecord[] = [];
  for (const line of existsSync(file) ? readFileSync(file, "utf8").split("\n") : []) {
    const record = parseLine(line);
    if (record?.event === "step") steps.push(record as unknown as StepRecord);
    else if (record?.event === "evaluation") evaluations.push(record as unknown as EvaluationRecord);
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

/** One metric over the steps of a run. */
export interface Curve {
  /** `step`: values that every training step reports; else an evaluated split. */
  readonly split: "step" | keyof SplitMetrics;
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

/** Legend labels of curves. */
export const curveLabels: Readonly<Record<Curve["split"], string>> = {
  step: "per step",
  train: "train",
  validation: "validation",
  test: "test",
};

const stepMetrics = ["loss", "gradient_norm", "learning_rate", "loss_scale"] as const;
const splits = ["train", "validation", "test"] as const;

/** Names of all metrics: those of the steps, then those of the evaluations. */
export function metricNames({ steps, evaluations }: MetricsHistory): readonly string[] {
  const reported = stepMetrics.filter((name) => steps.some((step) => step[name] !== undefined));
  const evaluated = evaluations.flatMap(({ metrics }) => splits.flatMap((split) => Object.keys(metrics[split])));
  return [...new Set([...reported, ...evaluated])];
}

/** The curves of one metric, without empty ones. */
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

/** Reduces a curve to at most `maxPoints` points: means of consecutive points, at the last step of each group. */
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
