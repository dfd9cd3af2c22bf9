/** Statistics of numbers that are read once: range, mean, deviation, and a histogram of a sample, in bounded memory. */

export interface NumberStatistics {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Standard deviation of all numbers. */
  readonly deviation: number;
  /** Share of the numbers in each of `BINS` equal intervals from the least to the largest number. */
  readonly histogram: readonly number[];
}

export interface NumberCollector {
  /** Numbers that are not finite are left out. */
  add(value: number): void;
  /** Null without numbers. */
  finish(): NumberStatistics | null;
}

const BINS = 12;
/** Numbers of the sample at most: every number, every second, every fourth, … */
const MAX_SAMPLE = 2 ** 14;

/** Mean and deviation by Welford's update (1962). */
export function collectNumbers(): NumberCollector {
  let sample: number[] = [];
  let [count, mean, squares, every] = [0, 0, 0, 1];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    add(value) {
      if (!Number.isFinite(value)) return;
      if (count % every === 0) sample.push(value);
      if (sample.length > MAX_SAMPLE) {
        sample = sample.filter((_, index) => index % 2 === 0);
        every *= 2;
      }
      count += 1;
      const distance = value - mean;
      mean += distance / count;
      squares += distance * (value - mean);
      if (value < min) min = value;
      if (value > max) max = value;
    },
    finish() {
      if (count === 0) return null;
      const deviation = Math.sqrt(squares / count);
      return { count, min, max, mean, deviation, histogram: histogramOf(sample, min, max) };
    },
  };
}

function histogramOf(sample: readonly number[], min: number, max: number): readonly number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (const value of sample) {
    const bin = max > min ? Math.min(BINS - 1, Math.floor(((value - min) / (max - min)) * BINS)) : 0;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((binCount) => binCount / sample.length);
}
