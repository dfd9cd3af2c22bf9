/** The numbers that an output forecasts of each target: quantiles, or the mean and deviation of a distribution. */
import { levelsOf } from "../../schema/kinds/forecasts.js";
import { type ForecastFamily, type ForecastParameter, forecastFactsOf } from "../../schema/kinds/losses.js";
import type { NormalLoss } from "../../schema/normal/index.js";
import type { Builder } from "../ir/builder.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { width } from "./wire.js";

/** Of each target, [..., targets, numbers]. */
export interface ForecastValues {
  /** The point forecast, if there is one, and quantiles, ascending. */
  readonly values: Value;
  /** The standard deviation; null for quantiles. */
  readonly deviation: Value | null;
}

/** The forecast of a loss of quantiles or of a distribution by its output [..., numbers]. */
export function forecastValues(b: Builder, loss: NormalLoss, output: Value, targets: number): ForecastValues {
  const { family, parameters } = expectDefined(forecastFactsOf(loss), `the forecast of ${loss.type}`);
  const blocks = b.split(output, Array<number>(parameters.length).fill(sizeOf(output) / parameters.length), -1);
  const numbers = sizeOf(at(blocks, 0)) / targets;
  const naturals = blocks.map((block, index) => {
    const ofTargets = b.reshape(block, [...output.type.shape.slice(0, -1), targets, numbers]);
    return natural(b, at(parameters, index), ofTargets);
  });
  if (family !== "quantiles") {
    const { mean, deviation } = moments[family](b, ...(naturals as [Value, Value, Value]));
    return { values: mean, deviation };
  }
  const levels = levelsOf(loss);
  const median = levels.indexOf(0.5);
  const places = [...(median < 0 ? [] : [median]), ...levels.keys()];
  return { values: smallest(b, at(naturals, 0), places), deviation: null };
}

/** The point forecasts [..., targets] of an output [..., numbers], as `pointOf` of the runtime's forecasts. */
export function pointForecast(b: Builder, loss: NormalLoss, output: Value, targets: number): Value {
  if (forecastFactsOf(loss) === undefined) return output;
  const { values } = forecastValues(b, loss, output, targets);
  const last = values.type.shape.length - 1;
  return b.squeeze(b.slice(values, last, 0, 1), [last]);
}

function sizeOf(value: Value): number {
  return width({ value }) as number;
}

/** A parameter in the units of the targets; of the degrees of freedom what is above 2. */
function natural(b: Builder, kind: ForecastParameter, x: Value): Value {
  switch (kind) {
    case "value":
    case "logit":
      return x;
    case "log_scale":
    case "log_mean":
    case "log_shape":
      return b.exp(x);
    case "log_variance":
      return b.exp(b.mul(x, 0.5));
    case "freedom":
      return b.softplus(x);
  }
}

type Moments = (
  b: Builder,
  ...parameters: [Value, Value, Value]
) => { readonly mean: Value; readonly deviation: Value };

/** Mean and standard deviation by the parameters of a family, each [..., targets, numbers]. */
const moments: { readonly [F in Exclude<ForecastFamily, "quantiles">]: Moments } = {
  normal: (_, mean, deviation) => ({ mean, deviation }),
  // The variance is scale² d / (d - 2).
  student_t: (b, mean, scale, above) => ({ mean, deviation: b.mul(scale, b.sqrt(b.add(b.div(2, above), 1))) }),
  poisson: (b, mean) => ({ mean, deviation: b.sqrt(mean) }),
  negative_binomial: (b, mean, r) => ({
    mean,
    deviation: b.mul(b.sqrt(mean), b.sqrt(b.add(b.div(mean, r), 1))),
  }),
  normal_mixture(b, logits, means, deviations) {
    const last = logits.type.shape.length - 1;
    const weights = b.softmax(logits);
    const mean = b.sum(b.mul(weights, means), [last], true);
    const distance = b.sub(means, mean);
    const squares = b.add(b.mul(deviations, deviations), b.mul(distance, distance));
    return { mean, deviation: b.sqrt(b.sum(b.mul(weights, squares), [last], true)) };
  },
};

/** For each place the largest of the values [..., levels] with at most as many values below it. */
function smallest(b: Builder, values: Value, places: readonly number[]): Value {
  const rank = values.type.shape.length;
  const isBelow = b.less(b.unsqueeze(values, [rank - 1]), b.unsqueeze(values, [rank]));
  const below = b.sum(b.cast(isBelow, "float32"), [rank]);
  const sorted = new Map(
    [...new Set(places)].map((place) => [
      place,
      b.reduceMax(b.where(b.less(below, place + 0.5), values, LEAST), [rank - 1], true),
    ]),
  );
  return b.concat(
    places.map((place) => expectDefined(sorted.get(place), `the place ${place}`)),
    rank - 1,
  );
}

/** The least float32. */
const LEAST = -3.4e38;
