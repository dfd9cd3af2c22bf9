/** Search spaces: every combination of grid values, each with a number of random samples. */
import type { Json } from "../../schema/json-pointer.js";
import { randomStream } from "../tensors/random.js";

/** A path in the spec (`optimizer.learning_rate`) and its values. */
export interface GridAxis {
  readonly path: string;
  readonly values: readonly Json[];
}

export type SampleAxis =
  | { readonly type: "choice"; readonly path: string; readonly values: readonly Json[] }
  /** From `low` to `high`, inclusive; `log` samples the logarithm uniformly. */
  | {
      readonly type: "range";
      readonly path: string;
      readonly low: number;
      readonly high: number;
      readonly scale: "linear" | "log";
      readonly integer: boolean;
    };

export interface SearchSpace {
  readonly grid: readonly GridAxis[];
  readonly samples: readonly SampleAxis[];
  /** Random samples per combination of grid values. */
  readonly num_samples: number;
  readonly seed: number;
}

export type TrialValues = Readonly<Record<string, Json>>;

/** The values of all trials, in order, without duplicates. A larger num_samples keeps the earlier trials. */
export function generateTrials({ grid, samples, num_samples, seed }: SearchSpace): readonly TrialValues[] {
  const combinations = grid.reduce<readonly TrialValues[]>(
    (rows, { path, values }) => rows.flatMap((row) => values.map((value) => ({ ...row, [path]: value }))),
    [{}],
  );
  const sampleCount = samples.length === 0 ? 1 : num_samples;
  const trials = Array.from({ length: sampleCount }, (_, sample) =>
    combinations.map((row) => ({
      ...row,
      ...Object.fromEntries(samples.map((axis) => [axis.path, sampleValue(axis, seed, sample, row)])),
    })),
  ).flat();
  const seen = new Set<string>();
  return trials.filter((values) => {
    const key = JSON.stringify(values);
    return !seen.has(key) && seen.add(key);
  });
}

/** Each axis has a random stream of its own, so another axis does not change its values. */
function sampleValue(axis: SampleAxis, seed: number, sample: number, row: TrialValues): Json {
  const random = randomStream(seed, "sweep", axis.path, sample, JSON.stringify(row));
  if (axis.type === "choice") return axis.values[random.below(axis.values.length)] ?? null;
  const { low, high, scale, integer } = axis;
  if (integer && scale === "linear") return low + random.below(high - low + 1);
  const fraction = random.uniform();
  const value = scale === "log" ? low * (high / low) ** fraction : low + (high - low) * fraction;
  return integer ? Math.round(value) : Number(value.toPrecision(4));
}
