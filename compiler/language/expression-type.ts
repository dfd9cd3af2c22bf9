/** Types of expressions (a number, a tensor or a condition), and the unification of their shapes. */
import { addDims, mulDims, terms } from "../ir/dims.js";
import type { Dim, Shape } from "../ir/types.js";

export type ExpressionType =
  /** Known while compiling. */
  | { readonly kind: "number"; readonly value: number }
  /** float32. A scalar may be a size that is no number yet. */
  | ({ readonly kind: "tensor"; readonly size?: Dim } & TensorType)
  /** A comparison, for `where`. */
  | ({ readonly kind: "condition" } & TensorType);

interface TensorType {
  readonly shape: Shape;
  /** True if the first axes are those of the batch: false for an expression of parameters and numbers. */
  readonly isBatched: boolean;
}

/**
 * Comparison of dims before the data is known. The batch equals only itself. Any other symbol (`vocabulary`) is a size
 * that depends on the data: it may equal another size, so a comparison with it succeeds and leaves the shapes
 * undecided. The same comparison decides once the sizes are numbers.
 */
export interface ShapeRules {
  /** The number of axes of the batch, which are the first axes of a batched tensor. */
  readonly batchAxes: number;
  /** The common dim of two dims that are or may be equal; undefined where they differ. */
  unify(a: Dim, b: Dim): Dim | undefined;
  /** The broadcast shape, aligned at the last axis, or the two sizes that differ. */
  broadcast(shapes: readonly Shape[]): Shape | ShapeMismatch;
  /** The dim divided into equal parts; undefined where it is not a multiple. */
  divide(dim: Dim, parts: Dim): Dim | undefined;
  /** The number of a dim; undefined where it depends on the data, which leaves the shapes undecided. */
  known(dim: Dim): number | undefined;
  /** True if a comparison so far depends on the data. */
  isUndecided(): boolean;
}

export interface ShapeMismatch {
  readonly sizes: readonly [Dim, Dim];
  /** 0 for the last axis, 1 for the one before it. */
  readonly axisFromLast: number;
}

export function isShapeMismatch(result: Shape | TensorType | ShapeMismatch): result is ShapeMismatch {
  return "sizes" in result;
}

/** @param batch the leading axes of every value that depends on the input: the batch, perhaps after the time. */
export function shapeRules(batch: Shape): ShapeRules {
  let undecided = false;
  const unify = (a: Dim, b: Dim): Dim | undefined => {
    if (a === b) return a;
    const areNumbers = typeof a === "number" && typeof b === "number";
    if (areNumbers || batch.includes(a) || batch.includes(b)) return undefined;
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
    batchAxes: batch.length,
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
    known(dim) {
      if (typeof dim === "number") return dim;
      undecided = true;
      return undefined;
    },
    isUndecided: () => undecided,
  };
}

/** The size that a number, or an expression of sizes, is: an integer of at least 1. Undefined for other types. */
export function sizeOf(type: ExpressionType): Dim | undefined {
  if (type.kind === "number") return Number.isInteger(type.value) && type.value >= 1 ? type.value : undefined;
  return type.kind === "tensor" ? type.size : undefined;
}

/** The shape of a type; a number has rank 0. */
export function shapeOf(type: ExpressionType): Shape {
  return type.kind === "number" ? [] : type.shape;
}

/**
 * The broadcast type of several types. The axes of the batch never meet others: batched tensors have as many axes as
 * each other, and no other tensor has more.
 */
export function broadcastTypes(types: readonly ExpressionType[], rules: ShapeRules): TensorType | ShapeMismatch {
  const batched = types.filter(isBatched);
  const [first] = batched;
  const rank = first === undefined ? undefined : Math.min(...batched.map((type) => shapeOf(type).length));
  const longer = types.find((type) => rank !== undefined && shapeOf(type).length > rank);
  if (longer !== undefined && first !== undefined && rank !== undefined) {
    const axisFromLast = rank - rules.batchAxes;
    const size = (type: ExpressionType) => shapeOf(type).at(-1 - axisFromLast) ?? 1;
    const shortest = batched.find((type) => shapeOf(type).length === rank) ?? first;
    const sizes = types.flatMap((type) => (type === longer || type === shortest ? [size(type)] : []));
    return { sizes: [sizes[0] ?? 1, sizes[1] ?? 1], axisFromLast };
  }
  const shape = rules.broadcast(types.map(shapeOf));
  return isShapeMismatch(shape) ? shape : { shape, isBatched: first !== undefined };
}

export function isBatched(type: ExpressionType): boolean {
  return type.kind !== "number" && type.isBatched;
}

/** The shape without the axes of the batch. */
export function rowShape(type: ExpressionType, { batchAxes }: ShapeRules): Shape {
  return isBatched(type) ? shapeOf(type).slice(batchAxes) : shapeOf(type);
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
