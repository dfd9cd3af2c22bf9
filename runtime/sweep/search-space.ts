/** What a sweep tries: every combination of listed values, each with so many draws of sampled ones. */
import type { Json } from "../../schema/json-pointer.js";
import { randomStream } from "../tensors/random.js";

/** A value of the spec, by its path (`optimizer.learning_rate`), and what it may be. */
export interface GridAxis {
  readonly path: string;
  readonly values: readonly Json[];
}

export type SampleAxis =
  | { readonly type: "choice"; readonly path: string; readonly values: readonly Json[] }
  /** From `low` to `high`, both included; `log` draws every factor alike. */
  | {
      readonly type: "range";
      readonly path: string;
      readonly low: number;
      readonly high: number;
      readonly scale: "linear" | "log";
      readonly whole: boolean;
    };

export interface SearchSpace {
  readonly grid: readonly GridAxis[];
  readonly samples: readonly SampleAxis[];
  /** Draws of the sampled values for each combination of the listed ones. */
  readonly draws: number;
  readonly seed: number;
}

export type TrialValues = Readonly<Record<string, Json>>;

/** The values of every trial, in order; what was drawn twice is tried once. More draws leave the earlier trials as they were. */
export function generateTrials({ grid, samples, draws, seed }: SearchSpace): readonly TrialValues[] {
  const combinations = grid.reduce<readonly TrialValues[]>(
    (rows, { path, values }) => rows.flatMap((row) => values.map((value) => ({ ...row, [path]: value }))),
    [{}],
  );
  const drawCount = samples.length === 0 ? 1 : draws;
  const trials = Array.from({ length: drawCount }, (_, draw) =>
    combinations.map((row) => ({
      ...row,
      ...Object.fromEntries(samples.map((axis) => [axis.path, sampleValue(axis, seed, draw, row)])),
    })),
  ).flat();
  const seen = new Set<string>();
  return trials.filter((values) => {
    const key = JSON.stringify(values);
    return !seen.has(key) && seen.add(key);
  });
}

/** Each axis has a stream of its own: another axis beside it changes nothing. */
function sampleValue(axis: SampleAxis, seed: number, draw: number, row: TrialValues): Json {
  const random = randomStream(seed, "sweep", axis.path, draw, JSON.stringify(row));
  if (axis.type === "choice") return axis.values[random.below(axis.values.length)] ?? null;
  const { low, high, scale, whole } = axis;
  if (whole && scale === "linear") return low + random.below(high - low + 1);
  const fraction = random.uniform();
  const value = scale === "log" ? low * (high / low) ** fraction : low + (high - low) * fraction;
  return whole ? Math.round(value) : Number(value.toPrecision(4));
}
