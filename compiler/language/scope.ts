/** The scope of equations: the names with a type before the first equation, and the shape of the result. */
import { elementCount } from "../ir/dims.js";
import type { Dim, Shape } from "../ir/types.js";
import { type ExpressionType, type ShapeRules, shapeOf, shapeRules } from "./expression-type.js";

export interface Scope {
  /** The sizes of this use that shapes may name. A size that depends on the data is a symbol, such as `vocabulary`. */
  readonly sizes: Readonly<Record<string, Dim>>;
  /** The inputs of the equations: x. */
  readonly inputs: Readonly<Record<string, ExpressionType>>;
  /** The leading axes of every value that depends on the inputs: the batch, perhaps after the time. */
  readonly batch: Shape;
  /** The axes of the output before its last one. */
  readonly outputAxes: Shape;
  readonly rules: ShapeRules;
}

/** The scope of a cell or a layer: x is [batch, input_size], perhaps with the time before the batch. */
export function rowScope(sizes: Scope["sizes"] & { readonly input_size: Dim }, batch: Shape): Scope {
  const x: ExpressionType = { kind: "tensor", shape: [...batch, sizes.input_size], isBatched: true };
  return { sizes, inputs: { x }, batch, outputAxes: batch, rules: shapeRules(batch) };
}

/**
 * The scope of a loss or a metric: outputs y and targets t, numbers, and vectors of options.
 *
 * @param batch the axes of the rows; empty where the equations hold for all rows at once.
 */
export function comparisonScope(batch: Shape, inputs: Scope["inputs"]): Scope {
  return { sizes: {}, inputs, batch, outputAxes: batch, rules: shapeRules(batch) };
}

/** The scope of an activation of a tensor x, whose last axis is that of the features. */
export function activationScope(x: ExpressionType, batch: Shape, rules: ShapeRules): Scope {
  return { sizes: {}, inputs: { x }, batch, outputAxes: shapeOf(x).slice(0, -1), rules };
}

/**
 * The scope of an optimizer: the parameter p, its gradient g, scalars; sizes are numbers of p. There is no batch.
 *
 * @param scalars names of the update's scalars: rate, t, and options that a schedule changes.
 */
export function updateScope(shape: Shape, scalars: readonly string[]): Scope {
  const [rows, columns] = shape.slice(-2);
  const tensor: ExpressionType = { kind: "tensor", shape, isBatched: false };
  const scalar: ExpressionType = { ...tensor, shape: [] };
  return {
    sizes: {
      rank: shape.length,
      size: elementCount(shape),
      ...(rows !== undefined && columns !== undefined && { rows, columns }),
    },
    inputs: { p: tensor, g: tensor, ...Object.fromEntries(scalars.map((name) => [name, scalar])) },
    batch: [],
    outputAxes: shape.slice(0, -1),
    rules: shapeRules([]),
  };
}

/**
 * The scope of a schedule: the number n of updates.
 *
 * @param totalSteps the updates of the run after the warmup; null where its length is in epochs. An option of the name
 * `total_steps` takes its place.
 */
export function scheduleScope(
  { options }: { readonly options: Readonly<Record<string, unknown>> },
  totalSteps: number | null,
): Scope {
  const n: ExpressionType = { kind: "tensor", shape: [], isBatched: false };
  const total = Object.hasOwn(options, "total_steps") ? {} : { total_steps: totalSteps ?? "total_steps" };
  return { sizes: { pi: Math.PI, ...total }, inputs: { n }, batch: [], outputAxes: [], rules: shapeRules([]) };
}
