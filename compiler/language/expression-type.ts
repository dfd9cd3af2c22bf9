/** What an expression stands for: a number, a tensor, or a condition; and when two shapes meet. */
import { addDims, mulDims, terms } from "../ir/dims.js";
import type { Dim, Shape } from "../ir/types.js";

export type ExpressionType =
  /** Known while compiling. */
  | { readonly kind: "number"; readonly value: number }
  /** float32. Its first axis is the batch, unless it is made of parameters alone. */
  | { readonly kind: "tensor"; readonly shape: Shape }
  /** The truth of a comparison, for `where`. */
  | { readonly kind: "condition"; readonly shape: Shape };

/**
 * Comparing dims before the data is known. The batch is like no other size. Any other symbol is a size that the data will
 * tell (`vocabulary`): against another size it may turn out right, so it passes and leaves the shapes undecided; once the
 * sizes are numbers the same comparison decides.
 */
export interface ShapeRules {
  /** The one dim that two dims are, or may be; undefined when they differ. */
  unify(a: Dim, b: Dim): Dim | undefined;
  /** The shape of operands broadcast together, or the two sizes that differ. Numbers and shapes are aligned at the end. */
  broadcast(shapes: readonly Shape[]): Shape | ShapeMismatch;
  /** An equal part of a dim; undefined when it has none. */
  divide(dim: Dim, parts: number): Dim | undefined;
  /** Whether a comparison so far was left to the data. */
  isUndecided(): boolean;
}

export interface ShapeMismatch {
  readonly sizes: readonly [Dim, Dim];
  /** Counted from the last axis, which is 0. */
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

/** Numbers broadcast like tensors without axes. */
export function shapeOf(type: ExpressionType): Shape {
  return type.kind === "number" ? [] : type.shape;
}

/**
 * Exact division; undefined when numbers do not divide. A size that the data will tell may divide, so its quotient is a
 * symbol of its own.
 */
export function divideDim(dim: Dim, divisor: Dim): Dim | undefined {
  if (typeof divisor === "string") return dim === divisor ? 1 : `(${dim})/(${divisor})`;
  if (typeof dim === "number") return divisor !== 0 && Number.isInteger(dim / divisor) ? dim / divisor : undefined;
  const dimTerms = terms(dim);
  if (divisor === 0) return undefined;
  if (dimTerms.some(({ coefficient }) => !Number.isInteger(coefficient / divisor))) return `(${dim})/${divisor}`;
  return dimTerms.reduce<Dim>(
    (sum, { coefficient, symbols }) => addDims(sum, symbols.reduce<Dim>(mulDims, coefficient / divisor)),
    0,
  );
}
