/** Elementwise arithmetic, functions and activations. */
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import type { ModelNode } from "../node.js";
import { elementType } from "../operand.js";
import { refuse } from "../refusal.js";
import { castTarget } from "../shape-arithmetic.js";
import { expectFloat, greaterOrEqual, lessOrEqual, rankOf } from "./values.js";

/** An operator of one float operand. */
const float = (operator: string, f: (b: Builder, x: Value, node: ModelNode) => Value): Lowering =>
  single(operator, (node, b) => f(b, expectFloat(node.x(0)), node));

const zero = { gradient: "zero" } as const;

const binary = (operator: string, f: (b: Builder, x: Value, y: Value, node: ModelNode) => Value): Lowering =>
  single(operator, (node, b) => f(b, node.x(0), node.x(1), node));

const comparison = (operator: string, f: (b: Builder, x: Value, y: Value) => Value): Lowering =>
  single(operator, (node, b) => f(b, asNumbers(b, node.x(0)), asNumbers(b, node.x(1))), zero);

const asNumbers = (b: Builder, x: Value): Value => (x.type.dtype === "bool" ? b.cast(x, "int32") : x);

const variadic = (operator: string, f: (b: Builder, xs: readonly Value[]) => Value): Lowering =>
  single(operator, (node, b) => f(b, node.xs()));

const logical = (operator: string, f: (b: Builder, x: Value, y: Value) => Value): Lowering =>
  single(operator, (node, b) => f(b, node.x(0), node.x(1)), zero);

/** Truncates toward zero. */
const truncate = (b: Builder, x: Value): Value => b.mul(b.sign(x), b.floor(b.abs(x)));

/** The nearest integer, ties to even. */
export function round(b: Builder, x: Value): Value {
  const up = b.floor(b.add(x, 0.5));
  const isTie = b.equal(b.sub(up, x), 0.5);
  const isOdd = b.equal(b.sub(up, b.mul(b.floor(b.mul(up, 0.5)), 2)), 1);
  return b.sub(up, b.cast(b.and(isTie, isOdd), "float32"));
}

function mod(b: Builder, x: Value, y: Value, node: ModelNode): Value {
  if (x.type.dtype === "float32") {
    if (node.int("fmod") !== 1) return refuse("computes a remainder of floats without fmod");
    return b.sub(x, b.mul(truncate(b, b.div(x, y)), y));
  }
  return node.int("fmod") === 1 ? b.sub(x, b.mul(b.div(x, y), y)) : b.mod(x, y);
}

/** x to a power: by products and roots where the power is a small number. */
function power(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const exponent = node.operand(1).kind === "known" ? node.dims(1)?.entries : undefined;
  const [n] = exponent?.length === 1 ? [exponent[0]] : [];
  const isScalar = node.shape(1).length <= rankOf(x);
  if (isScalar && x.type.dtype === "float32") {
    if (n === 1) return b.identity(x);
    if (n === 2) return b.mul(x, x);
    if (n === 3) return b.mul(b.mul(x, x), x);
    if (n === 0.5) return b.sqrt(x);
    if (n === -1) return b.div(1, x);
  }
  const result = b.pow(b.cast(x, "float32"), b.cast(node.x(1), "float32"));
  return b.cast(result, x.type.dtype);
}

/** Limits are attributes before opset 11. */
function clip(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const limit = (index: number, name: string): Value | number | undefined => {
    const operand = node.opset < 11 ? undefined : node.optional(index);
    return operand ?? (node.opset < 11 ? node.float(name) : undefined);
  };
  const [minimum, maximum] = [limit(1, "min"), limit(2, "max")];
  const raised = minimum === undefined ? x : b.max(minimum, x);
  return maximum === undefined ? (raised === x ? b.identity(x) : raised) : b.min(maximum, raised);
}

// Of min(0, x) and max(0, x) the second operand has the gradient at 0.

/** scale (exp(x / divisor) - 1) below 0. The exponent is never positive, so that it does not overflow. */
const expm1Below = (b: Builder, x: Value, scale: number, divisor = 1): Value =>
  b.mul(b.sub(b.exp(b.div(b.min(0, x), divisor)), 1), scale);

/** log(x + √(x² + 1)) of positive numbers. */
const asinhAbove = (b: Builder, x: Value): Value => b.log(b.add(x, b.sqrt(b.add(b.mul(x, x), 1))));

/** By the angle of a half, twice, of a number up to 1, and the series of the arctangent up to tan(π / 16). */
function arctangent(b: Builder, x: Value): Value {
  const isLarge = b.greater(b.abs(x), 1);
  const small = b.where(isLarge, b.div(1, b.where(isLarge, x, 1)), x);
  const half = (t: Value) => b.div(t, b.add(b.sqrt(b.add(b.mul(t, t), 1)), 1));
  const quarter = half(half(small));
  const square = b.mul(quarter, quarter);
  const series = [13, 11, 9, 7, 5, 3, 1].reduce<Value | number>((sum, n) => b.sub(1 / n, b.mul(square, sum)), 1 / 15);
  const angle = b.mul(b.mul(quarter, series), 4);
  return b.where(isLarge, b.sub(b.mul(b.sign(x), Math.PI / 2), angle), angle);
}

/** Twice the angle of half the arc. */
const arcsine = (b: Builder, x: Value): Value =>
  b.mul(arctangent(b, b.div(x, b.add(b.sqrt(b.sub(1, b.mul(x, x))), 1))), 2);

function where(node: ModelNode, b: Builder): Value {
  const [condition, x, y] = [node.x(0), node.x(1), node.x(2)];
  if (x.type.dtype !== "bool") return b.where(condition, x, y);
  return b.or(b.and(condition, x), b.and(b.not(condition), y));
}

function cast(node: ModelNode, b: Builder, target: string): Value {
  const x = node.x(0);
  const type = elementType(target);
  if (type === undefined) return refuse(`casts to ${target}`);
  const isNarrow = ["int8", "uint8", "int16", "uint16"].includes(target);
  if (isNarrow && x.type.dtype !== "bool" && node.operand(0).kind !== "known")
    return refuse(`casts to ${target}, whose overflow is not computed`);
  return x.type.dtype === type.dtype ? b.identity(x) : b.cast(x, type.dtype);
}

const gelu = (b: Builder, x: Value, approximate: string | undefined): Value => {
  if (approximate === "tanh") {
    const inner = b.mul(b.add(x, b.mul(b.mul(b.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
    return b.mul(b.mul(x, b.add(b.tanh(inner), 1)), 0.5);
  }
  return b.mul(b.mul(x, b.add(b.erf(b.mul(x, Math.SQRT1_2)), 1)), 0.5);
};

const slope = (b: Builder, x: Value, factor: Value | number): Value => b.add(b.max(x, 0), b.mul(b.min(0, x), factor));

/** The input, and a mask of ones: dropout is off in inference. */
function dropout(node: ModelNode, b: Builder): readonly (Value | undefined)[] {
  const x = node.x(0);
  const isTraining = node.has(2) && node.numbers(2, "its mode").data[0] !== 0;
  if (isTraining && (!node.has(1) || node.numbers(1, "its ratio").data[0] !== 0))
    return refuse("draws random numbers in training mode", "Export the model in inference mode.");
  const ones = node.wants(1) ? b.expand(b.cast(b.scalar(1), "bool"), x.type.shape) : undefined;
  return [b.identity(x), ones];
}

export const elementwiseOperators: readonly Lowering[] = [
  single("Abs", (node, b) => b.abs(node.x(0))),
  single("Neg", (node, b) => b.neg(node.x(0))),
  single("Identity", (node) => node.operand(0)),
  float("Exp", (b, x) => b.exp(x)),
  float("Log", (b, x) => b.log(x)),
  float("Sqrt", (b, x) => b.sqrt(x)),
  float("Reciprocal", (b, x) => b.div(1, x)),
  float("Sin", (b, x) => b.sin(x)),
  float("Cos", (b, x) => b.cos(x)),
  float("Tan", (b, x) => b.div(b.sin(x), b.cos(x))),
  float("Atan", arctangent),
  float("Asin", arcsine),
  float("Acos", (b, x) => b.sub(Math.PI / 2, arcsine(b, x))),
  float("Sinh", (b, x) => b.mul(b.sub(b.exp(x), b.exp(b.neg(x))), 0.5)),
  float("Cosh", (b, x) => b.mul(b.add(b.exp(x), b.exp(b.neg(x))), 0.5)),
  float("Asinh", (b, x) => b.sub(asinhAbove(b, b.max(0, x)), asinhAbove(b, b.neg(b.min(x, 0))))),
  float("Acosh", (b, x) => b.log(b.add(x, b.sqrt(b.sub(b.mul(x, x), 1))))),
  float("Atanh", (b, x) => b.mul(b.log(b.div(b.add(x, 1), b.sub(1, x))), 0.5)),
  float("Tanh", (b, x) => b.tanh(x)),
  float("Sigmoid", (b, x) => b.sigmoid(x)),
  float("Relu", (b, x) => b.relu(x)),
  float("Softplus", (b, x) => b.softplus(x)),
  float("Softsign", (b, x) => b.div(x, b.add(b.abs(x), 1))),
  float("Erf", (b, x) => b.erf(x)),
  float("Gelu", (b, x, node) => gelu(b, x, node.text("approximate"))),
  float("Elu", (b, x, node) => b.add(b.max(x, 0), expm1Below(b, x, node.float("alpha") ?? 1))),
  float("Celu", (b, x, node) => {
    const alpha = node.float("alpha") ?? 1;
    return b.add(b.max(x, 0), expm1Below(b, x, alpha, alpha));
  }),
  float("Selu", (b, x, node) => {
    const [alpha, gamma] = [node.float("alpha") ?? 1.6732631921768188, node.float("gamma") ?? 1.0507010221481323];
    return b.mul(b.add(b.max(x, 0), expm1Below(b, x, alpha)), gamma);
  }),
  float("LeakyRelu", (b, x, node) => slope(b, x, node.float("alpha") ?? 0.01)),
  single("PRelu", (node, b) => slope(b, expectFloat(node.x(0)), node.x(1))),
  float("ThresholdedRelu", (b, x, node) => b.mul(x, b.cast(b.greater(x, node.float("alpha") ?? 1), "float32"))),
  float("HardSigmoid", (b, x, node) =>
    b.min(b.max(b.add(b.mul(x, node.float("alpha") ?? 0.2), node.float("beta") ?? 0.5), 0), 1),
  ),
  float("HardSwish", (b, x) => b.mul(x, b.min(b.max(b.add(b.mul(x, 1 / 6), 0.5), 0), 1))),
  float("Mish", (b, x) => b.mul(x, b.tanh(b.softplus(x)))),
  float("Swish", (b, x, node) => b.mul(x, b.sigmoid(b.mul(x, node.float("alpha") ?? 1)))),
  float("Shrink", (b, x, node) => {
    const [bias, limit] = [node.float("bias") ?? 0, node.float("lambd") ?? 0.5];
    const above = b.mul(b.sub(x, bias), b.cast(b.greater(x, limit), "float32"));
    return b.add(above, b.mul(b.add(x, bias), b.cast(b.less(x, -limit), "float32")));
  }),

  { ...float("Floor", (b, x) => b.floor(x)), ...zero },
  { ...float("Ceil", (b, x) => b.neg(b.floor(b.neg(x)))), ...zero },
  { ...float("Round", round), ...zero },
  single(
    "Sign",
    (node, b) => {
      const x = node.x(0);
      return x.type.dtype === "float32" ? b.sign(x) : b.cast(b.sign(b.cast(x, "float32")), x.type.dtype);
    },
    zero,
  ),
  {
    ...float("IsInf", (b, x, node) => {
      const [positive, negative] = [node.int("detect_positive") !== 0, node.int("detect_negative") !== 0];
      const infinite = b.equal(b.abs(x), Number.POSITIVE_INFINITY);
      if (positive && negative) return infinite;
      if (!positive && !negative) return b.and(infinite, b.not(infinite));
      return b.and(infinite, positive ? b.greater(x, 0) : b.less(x, 0));
    }),
    ...zero,
  },
  { ...float("IsNaN", (b, x) => b.not(b.equal(x, x))), ...zero },

  binary("Add", (b, x, y) => b.add(x, y)),
  binary("Sub", (b, x, y) => b.sub(x, y)),
  binary("Mul", (b, x, y) => b.mul(x, y)),
  binary("Div", (b, x, y) => b.div(x, y)),
  binary("Mod", mod),
  single("Pow", power),
  variadic("Sum", (b, xs) => (xs.length === 1 ? b.identity(xs[0] as Value) : xs.reduce((x, y) => b.add(x, y)))),
  variadic("Mean", (b, xs) =>
    b.div(
      xs.reduce((x, y) => b.add(x, y)),
      xs.length,
    ),
  ),
  variadic("Max", (b, xs) => (xs.length === 1 ? b.identity(xs[0] as Value) : xs.reduce((x, y) => b.max(x, y)))),
  variadic("Min", (b, xs) => (xs.length === 1 ? b.identity(xs[0] as Value) : xs.reduce((x, y) => b.min(x, y)))),
  single("Clip", clip),
  single("Where", where),
  single("Cast", (node, b) => cast(node, b, castTarget(node))),
  single("CastLike", (node, b) => cast(node, b, node.dtype(1))),

  comparison("Equal", (b, x, y) => b.equal(x, y)),
  comparison("Less", (b, x, y) => b.less(x, y)),
  comparison("Greater", (b, x, y) => b.greater(x, y)),
  comparison("LessOrEqual", (b, x, y) => lessOrEqual(b, x, y)),
  comparison("GreaterOrEqual", (b, x, y) => greaterOrEqual(b, x, y)),
  logical("And", (b, x, y) => b.and(x, y)),
  logical("Or", (b, x, y) => b.or(x, y)),
  logical("Xor", (b, x, y) => b.and(b.or(x, y), b.not(b.and(x, y)))),
  single("Not", (node, b) => b.not(node.x(0)), zero),

  { operator: "Dropout", lower: dropout },
];
