/** Elementwise primitives: arithmetic, activations, comparisons, selection, casts. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { floatTypes, isFloat } from "../ir/float16.js";
import { broadcastReader, tabulate } from "../ir/tensor.js";
import type { BinaryOp, DType, NodeOf, OpName, UnaryOp, Value } from "../ir/types.js";
import { alignBatched, broadcastTypes, unbroadcast } from "./broadcast.js";
import { expectDType, type Family, type Rule, type Traits } from "./rule.js";

type Elementwise = UnaryOp | BinaryOp | "Where" | "Cast";

type VaryingTraits = Pick<Traits, "bitExact" | "flops" | "commutative">;

const traitsOf = (varying: VaryingTraits, broadcasting: boolean): Traits => ({
  family: "elementwise",
  worthStacking: false,
  broadcasting,
  ...varying,
});

const exact: VaryingTraits = { bitExact: "yes", flops: "per-entry", commutative: false };
const commutative: VaryingTraits = { ...exact, commutative: true };
/** Computed by polynomials in vectors, by the C library in the scalar remainder. */
const transcendental: VaryingTraits = { ...exact, bitExact: "full-vectors" };
const conversion: VaryingTraits = { ...exact, flops: "none" };

/** @param derivative dL/dx from the cotangent g, the operand x and the result y. */
function unary<K extends UnaryOp>(
  traits: VaryingTraits,
  dtypes: readonly DType[],
  f: (x: number) => number,
  derivative: ((b: Builder, g: Value, x: Value, y: Value) => Value) | "none",
): Rule<K> {
  return {
    traits: traitsOf(traits, false),
    infer: (inputs) => {
      const x = at(inputs, 0);
      expectDType(x, ...dtypes);
      return [x];
    },
    vjp:
      derivative === "none"
        ? "none"
        : (b, node, [g]) => [g && derivative(b, g, at(node.inputs, 0), at(node.outputs, 0))],
    batch: (b, node, inputs) => b.apply(node.op, inputs, node.attributes),
    evaluate: (inputs) => {
      const x = at(inputs, 0);
      return [{ ...x, data: x.data.map(f) }];
    },
  };
}

type PartialDerivative = (b: Builder, g: Value, x: Value, y: Value, result: Value) => Value;

function broadcasting<K extends OpName>(
  traits: VaryingTraits,
  infer: Rule<K>["infer"],
  vjp: ((b: Builder, node: NodeOf<K>, g: Value) => readonly (Value | undefined)[]) | "none",
  f: (operands: readonly number[]) => number,
): Rule<K> {
  return {
    traits: traitsOf(traits, true),
    infer,
    vjp:
      vjp === "none"
        ? "none"
        : (b, node, cotangents) =>
            vjp(b, node, at(cotangents, 0)).map(
              (cotangent, index) => cotangent && unbroadcast(b, cotangent, at(node.inputs, index)),
            ),
    batch: (b, node, inputs, batched) =>
      b.apply(node.op, alignBatched(b, node.inputs, inputs, batched), node.attributes),
    evaluate: (inputs, attributes) => {
      const type = at(infer(inputs, attributes), 0);
      const shape = type.shape as readonly number[];
      const readers = inputs.map((input) => broadcastReader(input, shape.length));
      return [tabulate(type.dtype, shape, (index) => f(readers.map((read) => read(index))))];
    },
  };
}

function binary<K extends BinaryOp>(
  traits: VaryingTraits,
  dtypes: readonly DType[],
  result: DType | "same",
  f: (x: number, y: number) => number,
  partials: readonly [PartialDerivative, PartialDerivative] | "none",
): Rule<K> {
  return broadcasting<K>(
    traits,
    (inputs) => {
      const dtype = expectDType(at(inputs, 0), ...dtypes);
      if (at(inputs, 1).dtype !== dtype) throw new Error(`dtypes ${dtype} and ${at(inputs, 1).dtype} differ`);
      return [{ dtype: result === "same" ? dtype : result, shape: broadcastTypes(inputs) }];
    },
    partials === "none"
      ? "none"
      : (b, node, g) =>
          partials.map((partial) => partial(b, g, at(node.inputs, 0), at(node.inputs, 1), at(node.outputs, 0))),
    (operands) => f(at(operands, 0), at(operands, 1)),
  );
}

/** Integer division truncates toward zero. */
function truncating(rule: Rule<"Div">): Rule<"Div"> {
  return {
    ...rule,
    evaluate: (inputs, attributes, runtime) => {
      const results = rule.evaluate(inputs, attributes, runtime);
      return results.map((result) =>
        isFloat(result.dtype) ? result : { ...result, data: result.data.map(Math.trunc) },
      );
    },
  };
}

const numericTypes = [...floatTypes, "int64", "int32"] as const;
const boolToNumber = (holds: boolean) => (holds ? 1 : 0);
export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * The error function, to about 1e-15: erf(x) = 2/√π · exp(-x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · … · (2n + 1)), whose terms have
 * one sign (M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 7.1.6).
 */
export function erf(x: number): number {
  // 1 - erf(6) is below 2^-53.
  if (!(Math.abs(x) < 6)) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const passThrough = (g: Value) => g;

/**
 * The cotangent where a condition holds, zero elsewhere: a product, so that masks fold into the factors of a gradient.
 */
const maskCotangent = (b: Builder, g: Value, condition: Value) => b.mul(g, b.cast(condition, g.type.dtype));

export const elementwise: Family<Elementwise> = {
  Identity: unary(
    conversion,
    [...numericTypes, "bool"],
    (x) => x,
    (_, g) => g,
  ),
  Neg: unary(
    exact,
    numericTypes,
    (x) => -x,
    ({ neg }, g) => neg(g),
  ),
  Exp: unary(transcendental, floatTypes, Math.exp, ({ mul }, g, _, y) => mul(g, y)),
  Log: unary(transcendental, floatTypes, Math.log, ({ div }, g, x) => div(g, x)),
  Sqrt: unary(exact, floatTypes, Math.sqrt, ({ mul, div }, g, _, y) => div(mul(g, 0.5), y)),
  Abs: unary(exact, numericTypes, Math.abs, ({ mul, sign }, g, x) => mul(g, sign(x))),
  Sign: unary(exact, floatTypes, Math.sign, "none"),
  Floor: unary(exact, floatTypes, Math.floor, "none"),
  Sin: unary(transcendental, floatTypes, Math.sin, ({ mul, cos }, g, x) => mul(g, cos(x))),
  Cos: unary(transcendental, floatTypes, Math.cos, ({ mul, neg, sin }, g, x) => neg(mul(g, sin(x)))),
  Tanh: unary(transcendental, floatTypes, Math.tanh, ({ mul, sub }, g, _, y) => mul(g, sub(1, mul(y, y)))),
  Sigmoid: unary(transcendental, floatTypes, sigmoid, ({ mul, sub }, g, _, y) => mul(g, mul(y, sub(1, y)))),
  Relu: unary(
    exact,
    floatTypes,
    (x) => Math.max(x, 0),
    (b, g, x) => maskCotangent(b, g, b.greater(x, 0)),
  ),
  Softplus: unary(transcendental, floatTypes, softplus, ({ mul, sigmoid }, g, x) => mul(g, sigmoid(x))),
  // d erf(x) / dx = 2/√π · exp(-x²) = exp(ln(2/√π) - x²)
  Erf: unary({ ...exact, bitExact: "unproven" }, floatTypes, erf, ({ mul, sub, exp }, g, x) =>
    mul(g, exp(sub(Math.log(2 / Math.sqrt(Math.PI)), mul(x, x)))),
  ),
  Not: unary(exact, ["bool"], (x) => 1 - x, "none"),
  Add: binary(commutative, numericTypes, "same", (x, y) => x + y, [(_, g) => passThrough(g), (_, g) => passThrough(g)]),
  Sub: binary(exact, numericTypes, "same", (x, y) => x - y, [(_, g) => passThrough(g), ({ neg }, g) => neg(g)]),
  Mul: binary(commutative, numericTypes, "same", (x, y) => x * y, [
    ({ mul }, g, _, y) => mul(g, y),
    ({ mul }, g, x) => mul(g, x),
  ]),
  Div: truncating(
    binary(exact, numericTypes, "same", (x, y) => x / y, [
      ({ div }, g, _, y) => div(g, y),
      // The quotient g / y is that of the first operand.
      ({ neg, div, mul }, g, _, y, result) => neg(mul(div(g, y), result)),
    ]),
  ),
  Pow: binary(transcendental, floatTypes, "same", (x, y) => x ** y, [
    ({ mul, pow, sub }, g, x, y) => mul(g, mul(y, pow(x, sub(y, 1)))),
    // 0 to a positive power is 0 for all of them.
    ({ mul, log, where, equal }, g, x, _, result) => mul(g, where(equal(result, 0), 0, mul(result, log(x)))),
  ]),
  // The remainder has the sign of the divisor. Adding 0 turns -0 into 0.
  Mod: binary(exact, ["int64", "int32"], "same", (x, y) => (((x % y) + y) % y) + 0, "none"),
  // Where the operands are equal, the second one gets the cotangent.
  Min: binary(commutative, numericTypes, "same", Math.min, [
    (b, g, x, y) => maskCotangent(b, g, b.less(x, y)),
    (b, g, x, y) => maskCotangent(b, g, b.not(b.less(x, y))),
  ]),
  Max: binary(commutative, numericTypes, "same", Math.max, [
    (b, g, x, y) => maskCotangent(b, g, b.greater(x, y)),
    (b, g, x, y) => maskCotangent(b, g, b.not(b.greater(x, y))),
  ]),
  Equal: binary(commutative, numericTypes, "bool", (x, y) => boolToNumber(x === y), "none"),
  Less: binary(exact, numericTypes, "bool", (x, y) => boolToNumber(x < y), "none"),
  Greater: binary(exact, numericTypes, "bool", (x, y) => boolToNumber(x > y), "none"),
  And: binary(commutative, ["bool"], "bool", (x, y) => x * y, "none"),
  Or: binary(commutative, ["bool"], "bool", Math.max, "none"),
  Where: broadcasting<"Where">(
    exact,
    (inputs) => {
      expectDType(at(inputs, 0), "bool");
      const dtype = expectDType(at(inputs, 1), ...numericTypes);
      if (at(inputs, 2).dtype !== dtype) throw new Error(`dtypes ${dtype} and ${at(inputs, 2).dtype} differ`);
      return [{ dtype, shape: broadcastTypes(inputs) }];
    },
    (b, node, g) => {
      const condition = at(node.inputs, 0);
      return [undefined, maskCotangent(b, g, condition), maskCotangent(b, g, b.not(condition))];
    },
    (operands) => (at(operands, 0) !== 0 ? at(operands, 1) : at(operands, 2)),
  ),
  Cast: {
    traits: traitsOf(conversion, false),
    infer: (inputs, { to }) => [{ dtype: to, shape: at(inputs, 0).shape }],
    vjp: (b, node, [g]) => {
      const { dtype } = at(node.inputs, 0).type;
      return [isFloat(dtype) ? g && b.cast(g, dtype) : undefined];
    },
    batch: (b, node, inputs) => b.apply("Cast", inputs, node.attributes),
    evaluate: (inputs, { to }) => {
      const x = at(inputs, 0);
      const convert =
        to === "bool" ? (v: number) => boolToNumber(v !== 0) : isFloat(to) ? (v: number) => v : Math.trunc;
      return [{ dtype: to, shape: x.shape, data: x.data.map(convert) }];
    },
  },
};
