/**
 * Classes that stand for all in one update. A class is expected among them as often as `samples` times its probability,
 * exactly: each candidate is drawn from its own part, one of `samples` equal ones, of what there is to draw from.
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
  /** The logarithm of how often classes are expected among the candidates; null where all are equally often. */
  logExpectedCount(classIds: Value): Value | null;
}

type SamplingOptions = Pick<Extract<NormalLoss, { type: "sampled_softmax" }>, "samples" | "distribution">;

export function sampleCandidates(
  random: Randomness,
  { samples, distribution }: SamplingOptions,
  classes: number,
): Candidates {
  return distribution === "uniform"
    ? stratifiedUniform(random, samples, classes)
    : stratifiedLogUniform(random, samples, classes);
}

/** Each class at most once: one of each of `samples` stretches of classes, all turned around by the same number. */
function stratifiedUniform(random: Randomness, samples: number, classes: number): Candidates {
  const { b } = random;
  const starts = Array.from({ length: samples }, (_, index) => Math.floor((index * classes) / samples));
  const stratumSize = Math.floor(classes / samples);
  const offsets = b.mod(uniform(random, "loss/candidates", [samples]), stratumSize);
  const rotation = b.mod(uniform(random, "loss/turn", [1]), classes);
  const ids = b.mod(b.add(b.add(b.constant(tensor("int64", [samples], starts)), offsets), rotation), classes);
  return { count: samples, ids, logExpectedCount: () => null };
}

/**
 * P(class) = log((class + 2) / (class + 1)) / log(classes + 1), for classes in falling order of frequency: the distribution
 * function is log(class + 1) / log(classes + 1), which is undone. Frequent classes are drawn more than once.
 */
function stratifiedLogUniform(random: Randomness, samples: number, classes: number): Candidates {
  const { b } = random;
  const total = Math.log(classes + 1);
  const noise = b.mul(b.cast(uniform(random, "loss/candidates", [samples]), "float32"), 1 / prime);
  const quantiles = b.mul(b.add(b.cast(b.range(samples), "float32"), noise), total / samples);
  const ids = b.cast(b.min(b.sub(b.floor(b.exp(quantiles)), 1), classes - 1), "int64");
  return {
    count: samples,
    ids,
    logExpectedCount: (classIds) => b.log(b.mul(logRatio(b, b.cast(classIds, "float32")), samples / total)),
  };
}

/**
 * log((x + 2) / (x + 1)) = 2 artanh(y), y = 1 / (2x + 3), as y's series: the quotient itself is almost 1 where x is large.
 * The term that is left out first, of y's eleventh power, is below 1e-5 of the sum at x = 0.
 */
function logRatio(b: Builder, x: Value): Value {
  const y = b.div(1, b.add(b.mul(x, 2), 3));
  const square = b.mul(y, y);
  const series = [7, 5, 3, 1].reduce<Value>((sum, power) => b.add(b.mul(sum, square), 1 / power), b.scalar(1 / 9));
  return b.mul(b.mul(y, series), 2);
}
