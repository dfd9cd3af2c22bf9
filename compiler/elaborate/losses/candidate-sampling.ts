/**
 * Stratified candidate sampling: one candidate class per stratum of equal probability, so the expected count of a class
 * is exactly `samples` times its probability.
 */
import type { NormalLoss } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import { tensor } from "../../ir/tensor.js";
import type { Value } from "../../ir/types.js";
import { prime, type Randomness, uniform } from "../random.js";

export interface Candidates {
  readonly count: number;
  /** Class ids [count], int64. */
  readonly ids: Value;
  /** The logarithm of the expected counts of classes among the candidates; null where all are equal. */
  logExpectedCount(classIds: Value): Value | null;
}

type SamplingOptions = Pick<Extract<NormalLoss, { type: "sampled_softmax" }>, "samples" | "distribution">;

export function sampleCandidates(
  random: Randomness,
  name: string,
  { samples, distribution }: SamplingOptions,
  classes: number,
): Candidates {
  return distribution === "uniform"
    ? stratifiedUniform(random, name, samples, classes)
    : stratifiedLogUniform(random, name, samples, classes);
}

/** Uniform sampling without repetition: one class of each of `samples` strata, all rotated by one random offset. */
function stratifiedUniform(random: Randomness, name: string, samples: number, classes: number): Candidates {
  const { b } = random;
  const starts = Array.from({ length: samples }, (_, index) => Math.floor((index * classes) / samples));
  const stratumSize = Math.floor(classes / samples);
  const offsets = b.mod(uniform(random, `${name}/candidates`, [samples]), stratumSize);
  const rotation = b.mod(uniform(random, `${name}/turn`, [1]), classes);
  const ids = b.mod(b.add(b.add(b.constant(tensor("int64", [samples], starts)), offsets), rotation), classes);
  return { count: samples, ids, logExpectedCount: () => null };
}

/**
 * Log-uniform (Zipfian) sampling, as TensorFlow's log_uniform_candidate_sampler: P(class) = log((class + 2) / (class +
 * 1)) / log(classes + 1), for classes in decreasing order of frequency. Inverts the distribution function log(class +
 * 1) / log(classes + 1) at one quantile per stratum; frequent classes are drawn more than once.
 */
function stratifiedLogUniform(random: Randomness, name: string, samples: number, classes: number): Candidates {
  const { b } = random;
  const total = Math.log(classes + 1);
  const noise = b.mul(b.cast(uniform(random, `${name}/candidates`, [samples]), "float32"), 1 / prime);
  const quantiles = b.mul(b.add(b.cast(b.range(samples), "float32"), noise), total / samples);
  const ids = b.cast(b.min(b.sub(b.floor(b.exp(quantiles)), 1), classes - 1), "int64");
  return {
    count: samples,
    ids,
    logExpectedCount: (classIds) => b.log(b.mul(logRatio(b, b.cast(classIds, "float32")), samples / total)),
  };
}

/**
 * log((x + 2) / (x + 1)) = 2 artanh(y), y = 1 / (2x + 3), as a series in y: for large x the quotient is too close to 1.
 * The first omitted term, y^11 / 11, is below 1e-5 of the sum at x = 0.
 */
function logRatio(b: Builder, x: Value): Value {
  const y = b.div(1, b.add(b.mul(x, 2), 3));
  const square = b.mul(y, y);
  const series = [7, 5, 3, 1].reduce<Value>((sum, power) => b.add(b.mul(sum, square), 1 / power), b.scalar(1 / 9));
  return b.mul(b.mul(y, series), 2);
}
