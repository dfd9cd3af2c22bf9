/** Scalers: x' = (x - offset) * factor for each column, fitted on the rows that are trained on. */

export interface Scaling {
  readonly offset: number;
  readonly factor: number;
}

export interface Fit {
  take(value: number): void;
  /** Of all that was taken. A column that does not vary is only shifted. */
  scaling(): Scaling;
}

export function openFit(kind: "min_max" | "standard"): Fit {
  let [count, mean, squares] = [0, 0, 0];
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    take(value) {
      // Welford's recurrence: the sum of squared deviations without cancellation.
      count += 1;
      const deviation = value - mean;
      mean += deviation / count;
      squares += deviation * (value - mean);
      least = Math.min(least, value);
      most = Math.max(most, value);
    },
    scaling() {
      const [offset, width] = kind === "min_max" ? [least, most - least] : [mean, Math.sqrt(squares / count)];
      const factor = 1 / width;
      return { offset, factor: Number.isFinite(factor) && factor > 0 ? factor : 1 };
    },
  };
}

export function scaled(value: number, { offset, factor }: Scaling): number {
  return (value - offset) * factor;
}

export function unscaled(value: number, { offset, factor }: Scaling): number {
  return value / factor + offset;
}
