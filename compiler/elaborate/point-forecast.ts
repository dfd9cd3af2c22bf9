/** The number that an output predicts of each target: a value, the median of quantiles, the mean of a distribution. */
import type { NormalLoss } from "../../schema/normal/index.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { parameterBlocks } from "./parameter-blocks.js";
import { width } from "./wire.js";

/** [batch, targets] of an output [batch, numbers], as `pointOf` of the runtime's forecasts. */
export function pointForecast(b: Builder, loss: NormalLoss, output: Value, targets: number): Value {
  const size = width({ value: output }) as number;
  const count = parameterBlocks(loss)?.length ?? 1;
  const parts = b.split(output, Array<number>(count).fill(size / count), 1);
  const first = at(parts, 0);
  switch (loss.type) {
    case "quantile": {
      const { levels } = loss;
      const values = b.reshape(first, ["batch", targets, levels.length]);
      return nthSmallest(b, values, levels.filter((level) => level < 0.5).length);
    }
    case "poisson_nll":
    case "negative_binomial_nll":
      return b.exp(first);
    case "mixture_density": {
      const ofTargets = (value: Value) => b.reshape(value, ["batch", targets, loss.components]);
      const weights = b.softmax(ofTargets(first));
      return b.sum(b.mul(weights, ofTargets(at(parts, 1))), [2]);
    }
    default:
      return first;
  }
}

/** The largest of the values [batch, targets, levels] with at most `place` values below them. */
function nthSmallest(b: Builder, values: Value, place: number): Value {
  const isBelow = b.less(b.unsqueeze(values, [2]), b.unsqueeze(values, [3]));
  const below = b.sum(b.cast(isBelow, "float32"), [3]);
  return b.reduceMax(b.where(b.less(below, place + 0.5), values, LEAST), [2]);
}

/** The least float32. */
const LEAST = -3.4e38;
