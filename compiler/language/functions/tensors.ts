/** Functions of whole tensors and of the number of an update, for the equations of optimizers. */
import type { Operand, OpMethods } from "../../ir/builder.js";
import { printShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { rowShape, shapeOf } from "../expression-type.js";
import { argumentError, asValue, broadcast, type EquationFunction, pointwise, tensorType } from "./function.js";

export const tensorFunctions: Readonly<Record<string, EquationFunction>> = {
  norm: overAllEntries("norm", "√(Σ a²), over all entries", normOf),
  sum_all: overAllEntries("sum_all", "Σ a, over all entries", (b, a) => b.sum(a)),
  mean_all: overAllEntries("mean_all", "Σ a / size, over all entries", (b, a) => b.mean(a)),
  one_minus_power: pointwise(
    "one_minus_power(a, t)",
    "1 − aᵗ without cancellation, a from 0 to 1",
    2,
    (a = 0, t = 0) => 1 - a ** t,
    (b, a, t) => oneMinusPower(b, a ?? 0, asValue(b, t ?? 0)),
  ),
  and: {
    notation: "and(a, b)",
    equation: "a condition that holds where both hold",
    arity: [2, 2],
    conditionCount: 2,
    infer(args, rules) {
      const type = broadcast(args, rules);
      return type.kind === "tensor" ? { ...type, kind: "condition" } : type;
    },
    build: (b, args) => b.and(asValue(b, at(args, 0)), asValue(b, at(args, 1))),
  },
  newton_schulz: {
    notation: "newton_schulz(a, steps)",
    equation: "a ← 3.4445 a − 4.775 a aᵀ a + 2.0315 (a aᵀ)² a, in each step; singular values up to 1 become nearly 1",
    arity: [2, 2],
    conditionCount: 0,
    infer(args, rules) {
      const [a, steps] = [at(args, 0), at(args, 1)];
      const shape = shapeOf(a);
      if (rowShape(a, rules).length !== 2) return argumentError("argument", `${printShape(shape)} is no matrix`, 0);
      if (steps.kind === "number" && Number.isInteger(steps.value) && steps.value >= 1 && steps.value <= MAX_STEPS)
        return tensorType(shape, [a]);
      return argumentError("argument", `the number of steps must be an integer from 1 to ${MAX_STEPS}`, 1);
    },
    build: (b, args) => newtonSchulz(b, asValue(b, at(args, 0)), Number(at(args, 1))),
  },
};

/** Each step is five operations of the graph. */
const MAX_STEPS = 100;

/** A function of all entries together, a scalar. */
function overAllEntries(name: string, equation: string, build: (b: OpMethods, a: Value) => Value): EquationFunction {
  return {
    notation: `${name}(a)`,
    equation,
    arity: [1, 1],
    conditionCount: 0,
    infer: ([a]) => tensorType([], a === undefined ? [] : [a]),
    build: (b, args) => build(b, asValue(b, at(args, 0))),
  };
}

/** The L2 norm of a tensor, a scalar. */
function normOf({ sum, mul, sqrt }: OpMethods, x: Value): Value {
  return sqrt(sum(mul(x, x)));
}

/**
 * 1 - beta^t without cancellation: with x = -t ln beta it is 1 - e^-x = 2 tanh(x/2) / (1 + tanh(x/2)), which is
 * accurate to the last digits of float32, where 1 - 0.999^t loses five of them.
 */
function oneMinusPower({ add, mul, div, tanh, log }: OpMethods, beta: Operand, t: Value): Value {
  const half = tanh(typeof beta === "number" ? mul(t, -Math.log(beta) / 2) : mul(mul(t, log(beta)), -0.5));
  return div(mul(half, 2), add(half, 1));
}

/** Coefficients whose slope at 0 is largest (K. Jordan et al., Muon, 2024). */
const COEFFICIENTS = [3.4445, -4.775, 2.0315] as const;

/** A matrix of the same singular vectors whose singular values are all near 1, from ones of at most 1. */
function newtonSchulz({ add, mul, matmul, transpose }: OpMethods, matrix: Value, steps: number): Value {
  const [c1, c3, c5] = COEFFICIENTS;
  const [rows, columns] = [Number(at(matrix.type.shape, 0)), Number(at(matrix.type.shape, 1))];
  let x = matrix;
  for (let step = 0; step < steps; step++) {
    // The product of the smaller side.
    const xt = transpose(x, [1, 0]);
    const gram = rows <= columns ? matmul(x, xt) : matmul(xt, x);
    const polynomial = add(mul(gram, c3), mul(matmul(gram, gram), c5));
    x = add(mul(x, c1), rows <= columns ? matmul(polynomial, x) : matmul(x, polynomial));
  }
  return x;
}
