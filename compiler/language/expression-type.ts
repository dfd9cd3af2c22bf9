/** Types of expressions (a number, a tensor or a condition), and the unification of their shapes. */
import { addDims, mulDims, terms } from "../ir/dims.js";
import type { Dim, Shape } from "../ir/types.js";

export type ExpressionType =
  /** Known while compiling. */
  | { readonly kind: "number"; readonly value: number }
  /** float32. The first axis is the batch, unless the expression reads parameters only. */
  | { readonly kind: "tensor"; readonly shape: Shape }
  /** A comparison, for `where`. */
  | { readonly kind: "condition"; readonly shape: Shape };

/**
 * Comparison of dims before the data is known. The batch equals only itself. Any other symbol (`vocabulary`) is a size
 * that depends on the data: it may equal another size, so a comparison with it succeeds and leaves the shapes
 * undecided. The same comparison decides once the sizes are numbers.
 */
export interface ShapeRules {
  /** The common dim of two dims that are or may be equal; undefined where they differ. */
  unify(a: Dim, b: Dim): Dim | undefined;
  /** The broadcast shape, aligned at the last axis, or the two sizes that differ. */
  broadcast(shapes: readonly Shape[]): Shape | ShapeMismatch;
  /** The dim divided into equal parts; undefined where it is not a multiple. */
  divide(dim: Dim, parts: number): Dim | undefined;
  /** True if a comparison so far depends on the data. */
  isUndecided(): boolean;
}

export interface ShapeMismatch {
  readonly sizes: readonly [Dim, Dim];
  /** 0 for the last axis, 1 for the one before it. */
  readonly axisFromLast: number;
}

export function isShapeMismatch(result: Shape | ShapeMismatch): result is ShapeMismatch {
  return "sizes" in result;
}

export function shapeRules(batch: Dim): ShapeRules {
  let undecided = false;
  const unify = (a: Dim, b: Dim): Dim | undefined => {
    if (a === b) return a;
    const areNumbers = typeof a === "number" && typeof b === "number";
    if (areNumbers || a === batch || b === batch) return undefined;
    undecided = true;
    return typeof a === "number" ? a : b;
  };
  const broadcastPair = (a: Shape, b: Shape): Shape | ShapeMismatch => {
    const rank = Math.max(a.length, b.length);
    const result: Dim[] = [];
    for (let axisFromLast = 0; axisFromLast < rank; axisFromLast++) {
      const x = a[a.length - 1 - axisFromLast] ?? 1;
      const y = b[b.length - 1 - axisFromLast] ?? 1;
      const dim = x === 1 ? y : y === 1 ? x : unify(x, y);
      if (dim === undefined) return { sizes: [x, y], axisFromLast };
      result.unshift(dim);
    }
    return result;
  };
  return {
    unify,
    broadcast: (shapes) =>
      shapes.reduce<Shape | ShapeMismatch>(
        (combined, shape) => (isShapeMismatch(combined) ? combined : broadcastPair(combined, shape)),
        [],
      ),
    divide(dim, parts) {
      const quotient = divideDim(dim, parts);
      if (quotient !== undefined && mulDims(quotient, parts) !== dim) undecided = true;
      return quotient;
    },
    isUndecided: () => undecided,
  };
}

/** The shape of a type; a number has rank 0. */
export function shapeOf(type: ExpressionType): Shape {
  return type.kind === "number" ? [] : type.shape;
}

/**
 * Exact division; undefined where a number is not a multiple of the divisor. A size that depends on the data may be
 * one: its quotient is a new symbol.
 */
export function divideDim(dim: Dim, divisor: Dim): Dim | undefined {
  if (typeof divisor === "string") return dim === divisor ? 1 : `(${dim})/(${divisor})`;
  if (typeof dim === "number") return divisor !== 0 && Number.isInteger(dim / divisor) ? dim / divisor : undefined;
  const dimTerms = terms(dim);
  if (divisor === 0) return undefined;
  if (dimTerms.some(({ coefficient }) => !Number.isInteger(coefficient / divisor))) return `(${dim})/${divisor}`;
  return dimTerms.reduce<Dim>(
    (sum, { coefficient, factors }) => addDims(sum, factors.reduce<Dim>(mulDims, coefficient / divisor)),
    0,
  );
}
