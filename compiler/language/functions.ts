/** The functions of the equation language: arity, type inference and nodes of each. */
import { graphBuilder } from "../graph/builder.js";
import { evaluate } from "../graph/evaluate.js";
import type { Operand, OpMethods } from "../ir/builder.js";
import { addDims, mulDims, printShape, sameShape } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Dim, Shape, Value } from "../ir/types.js";
import { elementwiseActivations, gatedActivations } from "./activations.js";
import { divideDim, type ExpressionType, isShapeMismatch, type ShapeRules, shapeOf } from "./expression-type.js";

export interface CellFunction {
  /** Minimum and maximum number of arguments. */
  readonly arity: readonly [number, number];
  /** The number of leading arguments that are conditions. The others must not be conditions. */
  readonly conditionCount: number;
  /** The type of the call (of `split`: of each part), or the error in its arguments. */
  infer(args: readonly ExpressionType[], rules: ShapeRules): ExpressionType | ArgumentError;
  /** Builds a call that is not a constant. `shape` is the inferred one. Returns a list for `split`, else one value. */
  build(b: OpMethods, args: readonly Operand[], shape: Shape): Value | readonly Value[];
}

export interface ArgumentError {
  readonly kind: "error";
  readonly code: "argument" | "shape-mismatch";
  readonly message: string;
  /** The position of the argument, from 0; absent for the whole call. */
  readonly argument?: number;
}

const functions: Readonly<Record<string, CellFunction>> = {
  ...mapValues(elementwiseActivations, elementwise),
  ...mapValues(gatedActivations, gated),
  erf: elementwise((b, a) => b.erf(a)),
  exp: elementwise((b, a) => b.exp(a)),
  log: elementwise((b, a) => b.log(a)),
  sqrt: elementwise((b, a) => b.sqrt(a)),
  abs: elementwise((b, a) => b.abs(a)),
  min: pairwise(Math.min, (b, x, y) => b.min(x, y)),
  max: pairwise(Math.max, (b, x, y) => b.max(x, y)),
  where: {
    arity: [3, 3],
    conditionCount: 1,
    infer: broadcast,
    build(b, args) {
      const [condition, x, y] = [0, 1, 2].map((index) => asValue(b, at(args, index))) as [Value, Value, Value];
      return b.where(condition, x, y);
    },
  },
  softmax: lastAxisFunction(
    (dim) => dim,
    (b, a) => b.softmax(a),
  ),
  layer_norm: {
    arity: [1, 2],
    conditionCount: 0,
    infer(args, rules) {
      const [shape, count] = [shapeOf(at(args, 0)), args[1]];
      if (shape.length === 0) return missingAxis(0);
      const parts = count === undefined ? undefined : equalParts(shape, count, rules);
      return parts?.kind === "error" ? parts : { kind: "tensor", shape };
    },
    build(b, args, shape) {
      const [a, count] = [at(args, 0), args[1]];
      if (typeof count !== "number") return layerNorm(b, asValue(b, a));
      const part = expectDefined(divideDim(lastDim(shape), count), "the size of a part");
      const parts = b.reshape(asValue(b, a), [...shape.slice(0, -1), count, part]);
      return b.reshape(layerNorm(b, parts), shape);
    },
  },
  concat: {
    arity: [2, Number.POSITIVE_INFINITY],
    conditionCount: 0,
    infer(args, rules) {
      const scalarIndex = args.findIndex((arg) => shapeOf(arg).length === 0);
      if (scalarIndex >= 0) return missingAxis(scalarIndex);
      const leading = rules.broadcast(args.map((arg) => shapeOf(arg).slice(0, -1)));
      if (isShapeMismatch(leading)) {
        const shapes = args.map((arg) => printShape(shapeOf(arg))).join(" and ");
        return argumentError("shape-mismatch", `${shapes} differ in an axis other than the last`);
      }
      return { kind: "tensor", shape: [...leading, args.map((arg) => lastDim(shapeOf(arg))).reduce(addDims, 0)] };
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
  split: {
    arity: [2, 2],
    conditionCount: 0,
    infer(args, rules) {
      const shape = shapeOf(at(args, 0));
      if (shape.length === 0) return missingAxis(0);
      return equalParts(shape, at(args, 1), rules);
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
  sum: lastAxisFunction(
    () => 1,
    (b, a) => b.sum(a, [-1], true),
  ),
  mean: lastAxisFunction(
    () => 1,
    (b, a) => b.mean(a, [-1], true),
  ),
};

export const functionNames: readonly string[] = Object.keys(functions);

export function isFunction(name: string): boolean {
  return Object.hasOwn(functions, name);
}

export function functionOf(name: string): CellFunction | undefined {
  return isFunction(name) ? functions[name] : undefined;
}

/**
 * Mean 0 and variance 1 along the last axis, without gain or shift. J. L. Ba, J. R. Kiros, G. E. Hinton (2016).
 *
 * @param epsilon added to the variance.
 */
export function layerNorm(b: OpMethods, a: Value, epsilon = 1e-5): Value {
  return rmsNorm(b, b.sub(a, b.mean(a, [-1], true)), epsilon);
}

/**
 * Mean square 1 along the last axis. B. Zhang, R. Sennrich (2019).
 *
 * @param epsilon added to the mean square.
 */
export function rmsNorm(b: OpMethods, a: Value, epsilon: number): Value {
  return b.div(a, b.sqrt(b.add(b.mean(b.mul(a, a), [-1], true), epsilon)));
}

// ── families ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

type BuildUnary = (b: OpMethods, a: Value) => Value;

function elementwise(buildNode: BuildUnary): CellFunction {
  return {
    arity: [1, 1],
    conditionCount: 0,
    infer: (args, rules) => foldConstants(args, (a) => valueAt(buildNode, a)) ?? broadcast(args, rules),
    build: (b, args) => buildNode(b, asValue(b, at(args, 0))),
  };
}

/** The value of a function of a number, by the reference arithmetic. */
function valueAt(buildNode: BuildUnary, a: number): number {
  const b = graphBuilder("constant");
  const graph = b.finish([buildNode(b, b.scalar(a))]);
  return at(at(evaluate(graph, []), 0).data, 0);
}

/** A function of the two halves of the last axis, which becomes half as long. */
function gated(buildNode: BuildUnary): CellFunction {
  return {
    arity: [1, 1],
    conditionCount: 0,
    infer(args, rules) {
      const shape = shapeOf(at(args, 0));
      return shape.length === 0 ? missingAxis(0) : equalParts(shape, { kind: "number", value: 2 }, rules);
    },
    build: (b, args) => buildNode(b, asValue(b, at(args, 0))),
  };
}

function pairwise(
  fold: (x: number, y: number) => number,
  buildNode: (b: OpMethods, x: Operand, y: Operand) => Value,
): CellFunction {
  return {
    arity: [2, 2],
    conditionCount: 0,
    infer: (args, rules) => foldConstants(args, fold) ?? broadcast(args, rules),
    build: (b, args) => buildNode(b, at(args, 0), at(args, 1)),
  };
}

/** A function of one tensor along its last axis, whose size becomes `width(dim)`. */
function lastAxisFunction(width: (dim: Dim) => Dim, buildNode: (b: OpMethods, a: Value) => Value): CellFunction {
  return {
    arity: [1, 1],
    conditionCount: 0,
    infer(args) {
      const shape = shapeOf(at(args, 0));
      if (shape.length === 0) return missingAxis(0);
      return { kind: "tensor", shape: [...shape.slice(0, -1), width(lastDim(shape))] };
    },
    build: (b, args) => buildNode(b, asValue(b, at(args, 0))),
  };
}

/** The type of one of `count` equal parts of the last axis. */
function equalParts(shape: Shape, count: ExpressionType, rules: ShapeRules): ExpressionType | ArgumentError {
  // checkCalls has accepted an integer literal only.
  const { value: parts } = count as Extract<ExpressionType, { kind: "number" }>;
  const part = rules.divide(lastDim(shape), parts);
  const message = `${printShape(shape)} does not split into ${parts} equal parts: its last size is ${lastDim(shape)}`;
  if (part === undefined) return argumentError("shape-mismatch", message);
  return { kind: "tensor", shape: [...shape.slice(0, -1), part] };
}

function foldConstants(
  args: readonly ExpressionType[],
  fold: (...numbers: readonly number[]) => number,
): ExpressionType | undefined {
  const numbers = args.flatMap((arg) => (arg.kind === "number" ? [arg.value] : []));
  return numbers.length === args.length ? { kind: "number", value: fold(...numbers) } : undefined;
}

function broadcast(args: readonly ExpressionType[], rules: ShapeRules): ExpressionType | ArgumentError {
  const shapes = args.map(shapeOf);
  const shape = rules.broadcast(shapes);
  if (!isShapeMismatch(shape)) return { kind: "tensor", shape };
  const [a, b] = shape.sizes;
  const printed = shapes.filter(({ length }) => length > 0).map(printShape);
  return argumentError("shape-mismatch", `${printed.join(" and ")}: the sizes ${a} and ${b} differ`);
}

function argumentError(code: ArgumentError["code"], message: string, argument?: number): ArgumentError {
  return { kind: "error", code, message, ...(argument !== undefined && { argument }) };
}

function missingAxis(argument: number): ArgumentError {
  return argumentError("argument", "a number has no axes", argument);
}

function lastDim(shape: Shape): Dim {
  return at(shape, shape.length - 1);
}

function asValue(b: OpMethods, operand: Operand): Value {
  return typeof operand === "object" ? operand : b.scalar(operand);
}
