/** Scalers: x' = (x - offset) * factor per column, fitted on the rows of the training split. */
import { shortestDecimal } from "../tensors/rows.js";

export interface ScalerParameters {
  readonly offset: number;
  readonly factor: number;
}

export interface Scaler {
  update(value: number): void;
  /** The fit to all values so far. A constant column is only shifted. */
  parameters(): ScalerParameters;
}

export function createScaler(kind: "min_max" | "standard" | "mean_abs"): Scaler {
  let [count, mean, squares, absolute] = [0, 0, 0, 0];
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    update(value) {
      // Welford's recurrence: the sum of squared deviations without cancellation.
      count += 1;
      const deviation = value - mean;
      mean += deviation / count;
      squares += deviation * (value - mean);
      absolute += Math.abs(value);
      minimum = Math.min(minimum, value);
      maximum = Math.max(maximum, value);
    },
    parameters() {
      if (count === 0) return { offset: 0, factor: 1 };
      const [offset, width] = {
        min_max: [minimum, maximum - minimum] as const,
        standard: [mean, Math.sqrt(squares / count)] as const,
        mean_abs: [0, absolute / count] as const,
      }[kind];
      const factor = 1 / width;
      return { offset, factor: Number.isFinite(factor) && factor > 0 ? factor : 1 };
    },
  };
}

/** The scaler of a column; a name such as "constructor" has none unless it is a column. */
export function scalerOf(
  scalers: Readonly<Record<string, ScalerParameters>>,
  column: string | undefined,
): ScalerParameters | undefined {
  return column !== undefined && Object.hasOwn(scalers, column) ? scalers[column] : undefined;
}

export function scaleValue(value: number, { offset, factor }: ScalerParameters): number {
  return (value - offset) * factor;
}

export function unscaleValue(value: number, { offset, factor }: ScalerParameters): number {
  return value / factor + offset;
}

/**
 * Float32 values in the units of the data, in float64: float32 has one value for 1700000010 and 1700000020. Each is the
 * shortest decimal within half the float32 spacing at the distance from the offset, or at the value if that is nearer to 0.
 * @param scalerAt The scaler of the value at an index; undefined for one that is not scaled.
 */
export function unscaleValues(
  values: ArrayLike<number>,
  scalerAt: (index: number) => ScalerParameters | undefined,
): Float64Array {
  return Float64Array.from(values, (value, index) => {
    const scaler = scalerAt(index);
    return scaler === undefined ? shortestDecimal(value) : unscaleDecimal(value, scaler);
  });
}

const MAX_DIGITS = 17;

function unscaleDecimal(value: number, scaler: ScalerParameters): number {
  const unscaled = unscaleValue(value, scaler);
  const deviation = 1 / scaler.factor;
  const tolerance = 2 ** -25 * Math.max(Math.abs(value) * deviation, Math.min(Math.abs(unscaled), deviation));
  for (let digits = 6; digits < MAX_DIGITS; digits++) {
    const rounded = Number(unscaled.toPrecision(digits));
    if (Math.abs(rounded - unscaled) <= tolerance) return rounded;
  }
  return unscaled;
}
