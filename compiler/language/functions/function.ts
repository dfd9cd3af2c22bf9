/** A function of the equation language: its arity, the type of a call, and the nodes of a call. */
import { graphBuilder } from "../../graph/builder.js";
import { evaluate } from "../../graph/evaluate.js";
import type { Builder, Operand, OpMethods } from "../../ir/builder.js";
import { printShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Shape, Value } from "../../ir/types.js";
import {
  broadcastTypes,
  type ExpressionType,
  isBatched,
  isShapeMismatch,
  type ShapeMismatch,
  type ShapeRules,
  shapeOf,
} from "../expression-type.js";

export interface EquationFunction {
  /** The call with names of its arguments, for the reference: `clip(a, low, high)`. */
  readonly notation: string;
  /** The result in mathematical notation; empty where the call is a primitive of that name. */
  readonly equation: string;
  /** Minimum and maximum number of arguments. */
  readonly arity: readonly [number, number];
  /** The number of leading arguments that are conditions. The others must not be conditions. */
  readonly conditionCount: number;
  /** True for a function whose first argument is a formula in quotes, which `arity` does not count. */
  readonly hasFormula?: boolean;
  /**
   * The type of the call (of `split`: of each part), or the error in its arguments. Undefined where the function's own
   * definition has a problem, which is already reported.
   */
  infer(
    args: readonly ExpressionType[],
    rules: ShapeRules,
    formula?: string,
  ): ExpressionType | ArgumentError | undefined;
  /**
   * Builds a call that is not a constant. `shape` is the inferred one. Returns a list for `split`, else one value.
   *
   * @param types of the arguments.
   * @param delay of a sequence; by default its steps follow zeros.
   */
  build(
    b: Builder,
    args: readonly Operand[],
    shape: Shape,
    types: readonly ExpressionType[],
    batchAxes: number,
    delay?: Delay,
    formula?: string,
  ): Value | readonly Value[];
}

/** A sequence [time, batch, …] with the value of each step at a later one. */
export type Delay = (b: OpMethods, sequence: Value, steps: number) => Value;

export interface ArgumentError {
  readonly kind: "error";
  readonly code: "argument" | "shape-mismatch";
  readonly message: string;
  /** The position of the argument, from 0; absent for the whole call. */
  readonly argument?: number;
  readonly hint?: string;
}

export type BuildUnary = (b: OpMethods, a: Value) => Value;

/** A function of each entry by itself. Of a number it is a number. */
export function elementwise(notation: string, equation: string, buildNode: BuildUnary): EquationFunction {
  return {
    notation,
    equation,
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

/** A function of several tensors, entry by entry. Of numbers it is a number. */
export function pointwise<Count extends 2 | 3>(
  notation: string,
  equation: string,
  count: Count,
  fold: (...numbers: readonly number[]) => number,
  buildNode: (b: OpMethods, ...args: readonly Operand[]) => Value,
): EquationFunction {
  return {
    notation,
    equation,
    arity: [count, count],
    conditionCount: 0,
    infer: (args, rules) => foldConstants(args, fold) ?? broadcast(args, rules),
    build: (b, args) => buildNode(b, ...args),
  };
}

function foldConstants(
  args: readonly ExpressionType[],
  fold: (...numbers: readonly number[]) => number,
): ExpressionType | undefined {
  const numbers = args.flatMap((arg) => (arg.kind === "number" ? [arg.value] : []));
  return numbers.length === args.length ? { kind: "number", value: fold(...numbers) } : undefined;
}

export function broadcast(args: readonly ExpressionType[], rules: ShapeRules): ExpressionType | ArgumentError {
  const type = broadcastTypes(args, rules);
  if (!isShapeMismatch(type)) return { kind: "tensor", ...type };
  const [a, b] = type.sizes;
  const printed = args
    .map(shapeOf)
    .filter(({ length }) => length > 0)
    .map(printShape);
  return argumentError("shape-mismatch", `${printed.join(" and ")}: the sizes ${a} and ${b} differ`);
}

/** A tensor of a shape that depends on the batch if one of the arguments does. */
export function tensorType(shape: Shape, args: readonly ExpressionType[]): ExpressionType {
  return { kind: "tensor", shape, isBatched: args.some(isBatched) };
}

/** The broadcast axes of some tensors before their last ones. */
export function broadcastLeading(args: readonly ExpressionType[], rules: ShapeRules): Shape | ShapeMismatch {
  const leading = args.map((arg): ExpressionType => tensorType(shapeOf(arg).slice(0, -1), [arg]));
  const type = broadcastTypes(leading, rules);
  return isShapeMismatch(type) ? type : type.shape;
}

export function argumentError(code: ArgumentError["code"], message: string, argument?: number): ArgumentError {
  return { kind: "error", code, message, ...(argument !== undefined && { argument }) };
}

/** The error of an argument that has too few axes of its own. */
export function missingAxis(argument: number): ArgumentError {
  const error = argumentError("argument", "a number has no axes", argument);
  return { ...error, hint: "Functions along an axis read vectors and matrices." };
}

export function lastDim(shape: Shape): Dim {
  return at(shape, shape.length - 1);
}

export function asValue(b: OpMethods, operand: Operand): Value {
  return typeof operand === "object" ? operand : b.scalar(operand);
}

/** The functions that equations may call. */
export interface FunctionTable {
  /** For suggestions: the built-in ones, then the user's. */
  readonly names: readonly string[];
  /** Undefined for a name that is not a function. */
  get(name: string): EquationFunction | undefined;
  /** True for functions of the language, whose names are not free. */
  isBuiltIn(name: string): boolean;
}
