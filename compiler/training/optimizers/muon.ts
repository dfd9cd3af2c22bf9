/**
 * muon: momentum, orthogonalized by Newton-Schulz iterations (K. Jordan et al., 2024; the form of PyTorch, with the
 * iterations in float32 in place of bfloat16). Parameters of other ranks, and excluded matrices, are updated by Adam.
 * Weight decay is decoupled.
 */
import { matchesAny } from "../../../schema/kinds/parameter-patterns.js";
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { decayedWeights, movingAverage, normOf, type OptimizerDefinition } from "./optimizer.js";

export const muon: OptimizerDefinition<Extract<NormalOptimizer, { type: "muon" }>, "m"> = {
  isLayerwise: true,
  slots: () => ({ m: 0 }),
  substitute(options, name, shape) {
    if (shape.length === 2 && !matchesAny(options.exclude, name)) return undefined;
    const { adam, weight_decay, no_decay, rates, clip, schedule, average } = options;
    return { type: "adamw", variant: "torch", ...adam, weight_decay, no_decay, rates, clip, schedule, average };
  },
  update(options, b, { parameter, gradient, slots, rate, momentum }) {
    const { sub, mul } = b;
    const { nesterov, newton_schulz_steps, epsilon, weight_decay, scale } = options;
    const m = movingAverage(b, momentum, slots.m, gradient);
    const direction = orthogonalize(
      b,
      nesterov ? movingAverage(b, momentum, m, gradient) : m,
      newton_schulz_steps,
      epsilon,
    );
    const [inputs, outputs] = matrixSize(parameter);
    const factor =
      scale === "original" ? Math.sqrt(Math.max(1, outputs / inputs)) : 0.2 * Math.sqrt(Math.max(inputs, outputs));
    const decayed = decayedWeights(b, weight_decay, rate, parameter);
    return { parameter: sub(decayed, mul(mul(rate, factor), direction)), slots: { m } };
  },
};

/** Rows and columns of a matrix [inputs, outputs]. */
function matrixSize({ type: { shape } }: Value): readonly [number, number] {
  return [Number(at(shape, 0)), Number(at(shape, 1))];
}

/** Coefficients of the iteration X ← a X + b X Xᵀ X + c (X Xᵀ)² X. */
const COEFFICIENTS = [3.4445, -4.775, 2.0315] as const;

/** A matrix of the same singular vectors whose singular values are all near 1. */
function orthogonalize(b: Builder, matrix: Value, steps: number, epsilon: number): Value {
  const { add, mul, div, max, matmul, transpose } = b;
  const [c1, c3, c5] = COEFFICIENTS;
  const [rows, columns] = matrixSize(matrix);
  let x = div(matrix, max(normOf(b, matrix), epsilon));
  for (let step = 0; step < steps; step++) {
    // The product of the smaller side.
    const xt = transpose(x, [1, 0]);
    const gram = rows <= columns ? matmul(x, xt) : matmul(xt, x);
    const polynomial = add(mul(gram, c3), mul(matmul(gram, gram), c5));
    x = add(mul(x, c1), rows <= columns ? matmul(polynomial, x) : matmul(x, polynomial));
  }
  return x;
}
