/**
 * adafactor: the gradient divided by the root of its mean square, which for a matrix is estimated from the means of its
 * rows and columns; the step is relative to the parameter's root mean square (N. Shazeer and M. Stern, 2018; the form
 * of PyTorch). The last two axes of a tensor of more are its rows and columns. Weight decay is decoupled.
 */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import { elementCount } from "../../ir/dims.js";
import type { Value } from "../../ir/types.js";
import { decayedWeights, normOf, type OptimizerDefinition, type Slots } from "./optimizer.js";

type Adafactor = Extract<NormalOptimizer, { type: "adafactor" }>;

export const adafactor: OptimizerDefinition<Adafactor> = {
  isLayerwise: true,
  slots(_, shape) {
    if (shape.length < 2) return { v: 0 };
    return {
      row: { initial: 0, shape: [...shape.slice(0, -1), 1] },
      column: { initial: 0, shape: [...shape.slice(0, -2), 1, ...shape.slice(-1)] },
    };
  },
  update(options, b, { parameter, gradient, slots, rate, t }) {
    const { sub, mul, div, max, min, sqrt, pow } = b;
    const { beta2_decay, epsilon, minimum_scale, clip_threshold, weight_decay } = options;
    const rootMeanSquare = (x: Value) => div(normOf(b, x), Math.sqrt(Number(elementCount(x.type.shape))));
    const scale = mul(max(rootMeanSquare(parameter), minimum_scale), min(rate, div(1, sqrt(t))));
    const { meanSquare, next } = meanSquares(b, gradient, slots, pow(t, -beta2_decay), epsilon);
    const step = div(gradient, sqrt(max(meanSquare, epsilon ** 2)));
    const excess = max(div(rootMeanSquare(step), clip_threshold), 1);
    const decayed = decayedWeights(b, weight_decay, rate, parameter);
    return { parameter: sub(decayed, mul(div(scale, excess), step)), slots: next };
  },
};

/** The estimated mean square of the gradient, and the next slots. @param weight of the new gradient: 1 - beta2. */
function meanSquares(b: Builder, gradient: Value, slots: Slots, weight: Value, epsilon: number) {
  const { add, sub, mul, div, max, mean } = b;
  const square = mul(gradient, gradient);
  const toward = (average: Value | undefined, x: Value) =>
    average === undefined ? x : add(average, mul(sub(x, average), weight));
  if (slots.v !== undefined) {
    const v = toward(slots.v, square);
    return { meanSquare: v, next: { v } };
  }
  const row = toward(slots.row, mean(square, [-1], true));
  const column = toward(slots.column, mean(square, [-2], true));
  const meanSquare = div(mul(row, column), max(mean(row, [-2], true), epsilon));
  return { meanSquare, next: { row, column } };
}
