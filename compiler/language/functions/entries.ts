/** Functions of each entry by itself: primitives, and compositions of few. */
import type { Operand, OpMethods } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { asValue, broadcast, type EquationFunction, elementwise, pointwise } from "./function.js";

export const entryFunctions: Readonly<Record<string, EquationFunction>> = {
  tanh: elementwise("tanh(a)", "(exp(a) − exp(−a)) / (exp(a) + exp(−a))", (b, a) => b.tanh(a)),
  sigmoid: elementwise("sigmoid(a)", "1 / (1 + exp(−a))", (b, a) => b.sigmoid(a)),
  relu: elementwise("relu(a)", "max(a, 0)", (b, a) => b.relu(a)),
  softplus: elementwise("softplus(a)", "log(1 + exp(a))", (b, a) => b.softplus(a)),
  erf: elementwise("erf(a)", "2 / √π · ∫ exp(−t²) dt from 0 to a", (b, a) => b.erf(a)),
  exp: elementwise("exp(a)", "eᵃ", (b, a) => b.exp(a)),
  log: elementwise("log(a)", "the natural logarithm", (b, a) => b.log(a)),
  sqrt: elementwise("sqrt(a)", "√a", (b, a) => b.sqrt(a)),
  lgamma: elementwise("lgamma(a)", "log Γ(a), for a > 0", logGamma),
  abs: elementwise("abs(a)", "|a|", (b, a) => b.abs(a)),
  sin: elementwise("sin(a)", "the sine of a in radians", (b, a) => b.sin(a)),
  cos: elementwise("cos(a)", "the cosine of a in radians", (b, a) => b.cos(a)),
  sign: elementwise("sign(a)", "−1, 0 or 1", (b, a) => b.sign(a)),
  floor: elementwise("floor(a)", "the largest integer that is at most a", (b, a) => b.floor(a)),
  min: pointwise("min(a, b)", "the smaller one; of equal ones b", 2, Math.min, (b, x, y) => b.min(x ?? 0, y ?? 0)),
  max: pointwise("max(a, b)", "the larger one; of equal ones b", 2, Math.max, (b, x, y) => b.max(x ?? 0, y ?? 0)),
  pow: pointwise("pow(a, b)", "aᵇ, also written a ^ b", 2, Math.pow, (b, x, y) => power(b, x ?? 0, y ?? 0)),
  clip: pointwise(
    "clip(a, low, high)",
    "min(max(a, low), high)",
    3,
    (a, low, high) => Math.min(Math.max(a ?? 0, low ?? 0), high ?? 0),
    (b, x, low, high) => b.min(b.max(x ?? 0, low ?? 0), high ?? 0),
  ),
  where: {
    notation: "where(condition, a, b)",
    equation: "a where the condition holds, b elsewhere",
    arity: [3, 3],
    conditionCount: 1,
    infer: broadcast,
    build(b, args) {
      const [condition, x, y] = [0, 1, 2].map((index) => asValue(b, at(args, index))) as [Value, Value, Value];
      return b.where(condition, x, y);
    },
  },
};

/** xʸ. Whole powers up to 4 are products, which are faster and have bases of any sign in every runtime. */
export function power(b: OpMethods, x: Operand, y: Operand): Value {
  if (typeof x === "number" || (y !== 2 && y !== 3 && y !== 4)) return b.pow(x, y);
  const square = b.mul(x, x);
  return y === 2 ? square : b.mul(square, y === 3 ? x : square);
}

/** Coefficients of Stirling's series of log Γ(z): B₂ₖ / (2k (2k − 1)), of z^(1 − 2k). */
const stirling = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360];

/** The argument from which Stirling's series has an error below 1e-13. */
const STIRLING_START = 7;

/**
 * log Γ(a) by Stirling's series (M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions, 6.1.41). Below 7 it is
 * log Γ(a + 7) - log(a (a + 1) … (a + 6)). The derivative of these equations is the digamma function.
 */
function logGamma(b: OpMethods, a: Value): Value {
  const isSmall = b.less(a, STIRLING_START);
  const z = b.where(isSmall, b.add(a, STIRLING_START), a);
  const low = b.where(isSmall, a, asValue(b, 1));
  let product = low;
  for (let offset = 1; offset < STIRLING_START; offset++) product = b.mul(product, b.add(low, offset));
  const inverse = b.div(1, z);
  const square = b.mul(inverse, inverse);
  const series = stirling
    .slice(0, -1)
    .reduceRight<Operand>(
      (sum, coefficient) => b.add(b.mul(square, sum), coefficient),
      at(stirling, stirling.length - 1),
    );
  const main = b.sub(b.mul(b.sub(z, 0.5), b.log(z)), b.sub(z, 0.5 * Math.log(2 * Math.PI)));
  const sum = b.add(main, b.mul(inverse, series));
  return b.sub(sum, b.where(isSmall, b.log(product), asValue(b, 0)));
}
