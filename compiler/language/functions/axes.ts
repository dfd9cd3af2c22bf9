/** Functions along one axis: the last one, or one counted from the last (-1, -2, …). The axes of the batch are not among them. */
import type { OpMethods } from "../../ir/builder.js";
import { addDims, mulDims, printShape, sameShape } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Dim, Shape, Value } from "../../ir/types.js";
import {
  divideDim,
  type ExpressionType,
  isBatched,
  isShapeMismatch,
  rowShape,
  type ShapeRules,
  shapeOf,
} from "../expression-type.js";
import {
  type ArgumentError,
  argumentError,
  asValue,
  type BuildUnary,
  broadcastLeading,
  type EquationFunction,
  lastDim,
  missingAxis,
  tensorType,
} from "./function.js";

/** The least variance of a normalization, unless a call gives another. */
const LAYER_NORM_EPSILON = 1e-5;

export const axisFunctions: Readonly<Record<string, EquationFunction>> = {
  softmax: lastAxisFunction("softmax(a)", "exp(a) / Σ exp(a)", (b, a) => b.softmax(a)),
  log_softmax: lastAxisFunction("log_softmax(a)", "a − log Σ exp(a)", (b, a) => b.logSoftmax(a)),
  layer_norm: {
    notation: "layer_norm(a, parts = 1, epsilon = 1e-5)",
    equation: "(a − mean(a)) / √(mean((a − mean(a))²) + epsilon), of each of the equal parts",
    arity: [1, 3],
    conditionCount: 0,
    infer(args, rules) {
      const [a, count, epsilon] = [at(args, 0), args[1], args[2]];
      if (shapeOf(a).length === 0) return missingAxis(0);
      if (epsilon !== undefined && (epsilon.kind !== "number" || epsilon.value <= 0))
        return argumentError("argument", "epsilon must be a number above 0", 2);
      const parts = count === undefined ? undefined : equalParts(a, count, rules);
      return parts?.kind === "error" ? parts : tensorType(shapeOf(a), args);
    },
    build(b, args, shape) {
      const a = at(args, 0);
      const [count, epsilon] = [Number(args[1] ?? 1), Number(args[2] ?? LAYER_NORM_EPSILON)];
      if (count === 1) return layerNorm(b, asValue(b, a), epsilon);
      const part = expectDefined(divideDim(lastDim(shape), count), "the size of a part");
      const parts = b.reshape(asValue(b, a), [...shape.slice(0, -1), count, part]);
      return b.reshape(layerNorm(b, parts, epsilon), shape);
    },
  },
  concat: {
    notation: "concat(a, b, …)",
    equation: "the entries of a, then those of b, …",
    arity: [2, Number.POSITIVE_INFINITY],
    conditionCount: 0,
    infer(args, rules) {
      const scalarIndex = args.findIndex((arg) => shapeOf(arg).length === 0);
      if (scalarIndex >= 0) return missingAxis(scalarIndex);
      const leading = broadcastLeading(args, rules);
      if (isShapeMismatch(leading)) {
        const shapes = args.map((arg) => printShape(shapeOf(arg))).join(" and ");
        return argumentError("shape-mismatch", `${shapes} differ in an axis other than the last`);
      }
      return tensorType([...leading, args.map((arg) => lastDim(shapeOf(arg))).reduce(addDims, 0)], args);
    },
    build(b, args, shape) {
      const leading = shape.slice(0, -1);
      const parts = args.map((arg) => {
        const part = asValue(b, arg);
        const fullShape = [...leading, lastDim(part.type.shape)];
        return sameShape(part.type.shape, fullShape) ? part : b.expand(part, fullShape);
      });
      return b.concat(parts, -1);
    },
  },
  shift_in: {
    notation: "shift_in(a, step)",
    equation: "the entries of a after the first ones, as many as step has, then step: a window of the last steps",
    arity: [2, 2],
    conditionCount: 0,
    infer(args, rules) {
      const shapes = args.map(shapeOf);
      const scalarIndex = shapes.findIndex(({ length }) => length === 0);
      if (scalarIndex >= 0) return missingAxis(scalarIndex);
      const [a, b] = [rules.known(lastDim(at(shapes, 0))), rules.known(lastDim(at(shapes, 1)))];
      const leading = broadcastLeading(args, rules);
      const printed = shapes.map(printShape).join(" and ");
      if (isShapeMismatch(leading))
        return argumentError("shape-mismatch", `${printed} differ in an axis other than the last`);
      if (a !== undefined && b !== undefined && b > a)
        return argumentError("shape-mismatch", `${printed}: the second has more entries than the first`);
      return tensorType([...leading, lastDim(at(shapes, 0))], args);
    },
    build(b, args, shape) {
      const leading = shape.slice(0, -1);
      const [a, next] = args.map((arg) => {
        const value = asValue(b, arg);
        const fullShape = [...leading, lastDim(value.type.shape)];
        return sameShape(value.type.shape, fullShape) ? value : b.expand(value, fullShape);
      }) as [Value, Value];
      const [size, count] = [lastDim(shape), lastDim(next.type.shape)];
      return size === count ? next : b.concat([b.slice(a, -1, count, size), next], -1);
    },
  },
  split: {
    notation: "p, q, … = split(a, parts)",
    equation: "the equal parts of a in order",
    arity: [2, 2],
    conditionCount: 0,
    infer(args, rules) {
      const a = at(args, 0);
      return shapeOf(a).length === 0 ? missingAxis(0) : equalParts(a, at(args, 1), rules);
    },
    build(b, args, shape) {
      const value = asValue(b, at(args, 0));
      const part = lastDim(shape);
      const parts = Array.from({ length: Number(at(args, 1)) }, (_, index) => index);
      if (typeof part === "string") {
        return parts.map((index) => b.slice(value, -1, mulDims(index, part), mulDims(index + 1, part)));
      }
      return b.split(
        value,
        parts.map(() => part),
        -1,
      );
    },
  },
  unsqueeze: {
    notation: "unsqueeze(a, axis)",
    equation: "a with a new axis of size 1, the last one or the axis -2, -3, … of the result",
    arity: [1, 2],
    conditionCount: 0,
    infer(args, rules) {
      const a = at(args, 0);
      const axis = axisOf(args[1], [...rowShape(a, rules), 1]);
      return typeof axis === "number" ? tensorType(withNewAxis(shapeOf(a), axis), args) : axis;
    },
    build: (b, args, shape) => b.unsqueeze(asValue(b, at(args, 0)), [shape.length + Number(args[1] ?? -1)]),
  },
  squeeze: {
    notation: "squeeze(a, axis)",
    equation: "a without an axis of size 1",
    arity: [1, 2],
    conditionCount: 0,
    infer(args, rules) {
      const a = at(args, 0);
      const axis = rowShape(a, rules).length === 0 ? missingAxis(0) : axisOf(args[1], rowShape(a, rules));
      if (typeof axis !== "number") return axis;
      const shape = shapeOf(a);
      if (rules.unify(at(shape, shape.length + axis), 1) !== undefined)
        return tensorType(shape.toSpliced(axis, 1), args);
      return argumentError("shape-mismatch", `${printShape(shape)} has the size ${shape.at(axis)} there, not 1`, 0);
    },
    build: (b, args, shape) => b.squeeze(asValue(b, at(args, 0)), [shape.length + 1 + Number(args[1] ?? -1)]),
  },
  sum: reduction("sum", "Σ a", (b, a, axis) => b.sum(a, [axis], true)),
  mean: reduction("mean", "Σ a / n, n the size of the axis", (b, a, axis) => b.mean(a, [axis], true)),
  amax: reduction("amax", "the largest entry, of which equal ones share the gradient", (b, a, axis) =>
    b.reduceMax(a, [axis], true),
  ),
  logsumexp: reduction("logsumexp", "log Σ exp(a)", (b, a, axis) => {
    const largest = b.reduceMax(a, [axis], true);
    return b.add(largest, b.log(b.sum(b.exp(b.sub(a, largest)), [axis], true)));
  }),
  l2_norm: reduction("l2_norm", "√(Σ a²), with gradient 0 where it is 0", (b, a, axis) => {
    const square = b.sum(b.mul(a, a), [axis], true);
    // The smallest normal float32: the derivative of the root is finite, and 0 where it is larger than the sum.
    return b.where(b.greater(square, 0), b.sqrt(b.max(square, 2 ** -126)), b.scalar(0));
  }),
  argmax: reduction("argmax", "the index of the largest entry, from 0; of equal ones the first", (b, a, axis) =>
    b.cast(b.unsqueeze(b.argmax(a, axis), [a.type.shape.length + axis]), "float32"),
  ),
  gather: {
    notation: "gather(a, index)",
    equation: "the entry of a at each index, from 0, along the last axis",
    arity: [2, 2],
    conditionCount: 0,
    infer(args, rules) {
      const [a, index] = [at(args, 0), at(args, 1)];
      if (rowShape(a, rules).length === 0) return missingAxis(0);
      if (rowShape(index, rules).length === 0) return missingAxis(1);
      const [shape, indexShape] = [shapeOf(a), shapeOf(index)];
      const isVector = shape.length === 1 && !isBatched(a);
      if (isVector || sameShape(shape.slice(0, -1), indexShape.slice(0, -1))) return tensorType(indexShape, args);
      const message = `${printShape(shape)} and ${printShape(indexShape)} differ in an axis other than the last`;
      return argumentError("shape-mismatch", message);
    },
    build(b, args) {
      const [a, index] = [asValue(b, at(args, 0)), b.cast(asValue(b, at(args, 1)), "int64")];
      return a.type.shape.length === 1 ? b.gather(a, index, 0) : b.gatherElements(a, index, -1);
    },
  },
};

/**
 * Mean 0 and variance 1 along the last axis, without gain or shift. J. L. Ba, J. R. Kiros, G. E. Hinton (2016).
 *
 * @param epsilon added to the variance.
 */
export function layerNorm(b: OpMethods, a: Value, epsilon = LAYER_NORM_EPSILON): Value {
  return b.layerNormalization(a, 1, undefined, epsilon);
}

/** A function along the last axis that keeps its size. */
function lastAxisFunction(notation: string, equation: string, buildNode: BuildUnary): EquationFunction {
  return {
    notation,
    equation,
    arity: [1, 1],
    conditionCount: 0,
    infer: (args) => (shapeOf(at(args, 0)).length === 0 ? missingAxis(0) : tensorType(shapeOf(at(args, 0)), args)),
    build: (b, args) => buildNode(b, asValue(b, at(args, 0))),
  };
}

type BuildAlongAxis = (b: OpMethods, a: Value, axis: number) => Value;

/** A function along an axis that becomes 1. The axis is negative. */
function reduction(name: string, equation: string, buildNode: BuildAlongAxis): EquationFunction {
  return {
    notation: `${name}(a, axis)`,
    equation,
    arity: [1, 2],
    conditionCount: 0,
    infer(args, rules) {
      const axis = reducedAxis(args, rules);
      return typeof axis === "number" ? tensorType(shapeOf(at(args, 0)).with(axis, 1), args) : axis;
    },
    build: (b, args) => buildNode(b, asValue(b, at(args, 0)), Number(args[1] ?? -1)),
  };
}

/** The axis of a row of the first argument that the second one names. */
export function reducedAxis(args: readonly ExpressionType[], rules: ShapeRules): number | ArgumentError {
  const row = rowShape(at(args, 0), rules);
  return row.length === 0 ? missingAxis(0) : axisOf(args[1], row);
}

/** The axis of a row, a negative number; -1 without an argument. */
function axisOf(axis: ExpressionType | undefined, row: Shape): number | ArgumentError {
  if (axis === undefined) return -1;
  if (axis.kind === "number" && Number.isInteger(axis.value) && axis.value < 0 && axis.value >= -row.length)
    return axis.value;
  const legal = row.map((_, index) => -1 - index).join(" or ");
  const error = argumentError("argument", `the axes of ${printShape(row)} are counted from the last: ${legal}`, 1);
  return { ...error, hint: "The batch and the time are no axes of an equation." };
}

function withNewAxis(shape: Shape, axis: number): Shape {
  return shape.toSpliced(shape.length + 1 + axis, 0, 1);
}

/** The type of one of `count` equal parts of the last axis. */
function equalParts(a: ExpressionType, count: ExpressionType, rules: ShapeRules): ExpressionType | ArgumentError {
  const shape = shapeOf(a);
  // checkCalls has accepted an integer literal only.
  const { value: parts } = count as Extract<ExpressionType, { kind: "number" }>;
  const part: Dim | undefined = rules.divide(lastDim(shape), parts);
  const message = `${printShape(shape)} does not split into ${parts} equal parts: its last size is ${lastDim(shape)}`;
  if (part === undefined) return argumentError("shape-mismatch", message);
  return tensorType([...shape.slice(0, -1), part], [a]);
}
