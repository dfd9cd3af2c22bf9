/**
 * Averages of the weights: a moving average of exponential decay, or the mean of weights at regular intervals
 * (P. Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, 2018).
 */

import type { Builder } from "../ir/builder.js";
import type { Value } from "../ir/types.js";
import type { ResolvedOptimizer } from "./resolve-optimizer.js";

type Average = NonNullable<ResolvedOptimizer["average"]>;

/**
 * The average after an update.
 *
 * @param t the number of the update, an int64 scalar counted from 1.
 * @returns the next average, from the average before and the weights after the update.
 */
export function averageAt(
  b: Builder,
  { decay, start, every }: Average,
  t: Value,
): (average: Value, weights: Value) => Value {
  if (decay !== null && start === 0 && every === 1)
    return (average, weights) => b.add(b.mul(average, decay), b.mul(weights, 1 - decay));
  const { add, sub, mul, div, cast, equal, greater, where } = b;
  const elapsed = sub(t, start);
  const hasStarted = greater(elapsed, 0);
  // The number of intervals since the start, where the average is the weights alone.
  const count = div(elapsed, every);
  const isDue = equal(mul(count, every), elapsed);
  const share = decay === null ? div(1, add(cast(count, "float32"), 1)) : 1 - decay;
  const weight = where(isDue, share, 0);
  return (average, weights) => where(hasStarted, add(average, mul(sub(weights, average), weight)), weights);
}
