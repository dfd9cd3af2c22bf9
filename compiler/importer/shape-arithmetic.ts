/** Arithmetic with shapes while a model is read: sizes of the data stay polynomials over their symbols. */
import { addDims, broadcastShapes, floorDivDims, mulDims, subDims, terms } from "../ir/dims.js";
import { broadcastReader, tabulate } from "../ir/tensor.js";
import type { Dim, DType } from "../ir/types.js";
import type { ModelNode } from "./node.js";
import { elementType, type Known, known, numbersOf } from "./operand.js";

/** Operators that move entries: positions of the operands that they move; the others are numbers. */
const moved: Readonly<Record<string, readonly number[] | "all">> = {
  ...Object.fromEntries(
    ["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Gather", "Slice", "Split", "Transpose", "Expand", "Tile"].map(
      (operator) => [operator, [0]],
    ),
  ),
  Concat: "all",
  Where: [1, 2],
};

/** The sign of a size minus another that holds for all sizes; undefined where it depends on them. */
function compare(a: Dim, b: Dim): number | undefined {
  const difference = subDims(a, b);
  if (typeof difference === "number") return Math.sign(difference);
  // Symbols are at least 0.
  const all = terms(difference);
  const constant = all.find(({ factors }) => factors.length === 0)?.coefficient ?? 0;
  if (constant > 0 && all.every(({ coefficient }) => coefficient > 0)) return 1;
  if (constant < 0 && all.every(({ coefficient }) => coefficient < 0)) return -1;
  return undefined;
}

/** The quotient; undefined where it is no polynomial. Integers are rounded down: sizes are never negative. */
export function divideDims(a: Dim, b: Dim, dtype: DType): Dim | undefined {
  if (typeof a === "number" && typeof b === "number") return dtype === "float32" ? a / b : Math.trunc(a / b);
  if (a === b) return 1;
  const [divisor, ...others] = terms(b);
  if (divisor === undefined || others.length > 0) return undefined;
  // A sum of products is divided by a product, factor by factor.
  let quotient: Dim | undefined = a;
  for (const factor of divisor.factors) quotient = quotient === undefined ? undefined : withoutFactor(quotient, factor);
  const { coefficient } = divisor;
  if (quotient === undefined || !Number.isInteger(coefficient) || coefficient <= 0) return undefined;
  const rounded = floorDivDims(quotient, coefficient);
  return dtype !== "float32" || mulDims(rounded, coefficient) === quotient ? rounded : undefined;
}

/** A sum of products, each without one factor; undefined where one lacks it. */
function withoutFactor(sum: Dim, factor: string): Dim | undefined {
  const products = terms(sum).map(({ coefficient, factors }) => {
    const position = factors.indexOf(factor);
    return position < 0 ? undefined : factors.toSpliced(position, 1).reduce<Dim>(mulDims, coefficient);
  });
  return products.includes(undefined) ? undefined : (products as Dim[]).reduce(addDims, 0);
}

const bool = (holds: boolean | undefined) => (holds === undefined ? undefined : holds ? 1 : 0);
const ofSign = (f: (sign: number) => boolean) => (a: Dim, b: Dim) => {
  const sign = compare(a, b);
  return bool(sign === undefined ? undefined : f(sign));
};
const larger = (a: Dim, b: Dim) => {
  const sign = compare(a, b);
  return sign === undefined ? undefined : sign >= 0 ? a : b;
};

const binary: Readonly<Record<string, (a: Dim, b: Dim, dtype: DType) => Dim | undefined>> = {
  Add: addDims,
  Sub: subDims,
  Mul: (a, b) => ([a, b].every((dim) => typeof dim === "string" || Number.isInteger(dim)) ? mulDims(a, b) : undefined),
  Div: divideDims,
  Mod: (a, b) => {
    const quotient = divideDims(a, b, "int64");
    return quotient === undefined ? undefined : subDims(a, mulDims(quotient, b));
  },
  Max: larger,
  Min: (a, b) => (larger(a, b) === undefined ? undefined : larger(a, b) === a ? b : a),
  Equal: ofSign((sign) => sign === 0),
  Less: ofSign((sign) => sign < 0),
  Greater: ofSign((sign) => sign > 0),
  LessOrEqual: ofSign((sign) => sign <= 0),
  GreaterOrEqual: ofSign((sign) => sign >= 0),
};
const comparisons = new Set(["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]);

/** Reads a known operand at an index of the shape that it broadcasts to. */
function entryReader({ shape, entries }: Known, rank: number): (index: readonly number[]) => Dim | undefined {
  const positions = tabulate(
    "int64",
    shape,
    (
      (next) => () =>
        next++
    )(0),
  );
  const read = broadcastReader(positions, rank);
  return (index) => entries[read(index)];
}

function elementwise(operator: string, a: Known, b: Known): Known | undefined {
  const shape = broadcastShapes(a.shape, b.shape) as readonly number[] | undefined;
  const rule = binary[operator];
  if (shape === undefined || rule === undefined) return undefined;
  const [readA, readB] = [entryReader(a, shape.length), entryReader(b, shape.length)];
  const entries: Dim[] = [];
  let isKnown = true;
  tabulate("int64", shape, (index) => {
    const [x, y] = [readA(index), readB(index)];
    const entry = x === undefined || y === undefined ? undefined : rule(x, y, a.dtype);
    if (entry === undefined) isKnown = false;
    else entries.push(entry);
    return 0;
  });
  return isKnown ? known(comparisons.has(operator) ? "bool" : a.dtype, shape, entries) : undefined;
}

function reduce(node: ModelNode, operand: Known, f: (a: Dim, b: Dim) => Dim, start: Dim): Known | undefined {
  const isAll = operand.shape.length === 1 || (node.ints("axes") === undefined && !node.has(1));
  if (!isAll) return undefined;
  const total = Array.from(operand.entries).reduce(f, start);
  return known(operand.dtype, node.int("keepdims") === 0 ? [] : operand.shape.map(() => 1), [total]);
}

/**
 * The result of an operator of known operands, one of which has a size of the data; undefined where it is computed at
 * run time.
 *
 * @param asIndices the operator applied to other numbers in place of the operands that it moves.
 */
export function foldSizes(
  operator: string,
  node: ModelNode,
  operands: readonly (Known | undefined)[],
  asIndices: (operands: readonly (Known | undefined)[]) => readonly (Known | undefined)[] | undefined,
): readonly (Known | undefined)[] | undefined {
  const [a, b] = operands;
  if (a === undefined) return undefined;
  const positions = moved[operator];
  if (positions !== undefined) return move(operands, positions, asIndices);
  if (operands.length === 2 && b !== undefined && binary[operator] !== undefined) {
    const result = elementwise(operator, a, b);
    return result && [result];
  }
  const unary = (): Known | undefined => {
    switch (operator) {
      case "Identity":
      case "Floor":
      case "Ceil":
      case "Abs":
        return a;
      case "Cast": {
        const type = elementType(castTarget(node));
        return type === undefined || type.dtype === "bool" ? undefined : { ...a, dtype: type.dtype };
      }
      case "Neg":
        return { ...a, entries: Array.from(a.entries, (entry) => mulDims(-1, entry)) };
      case "ReduceProd":
        return reduce(node, a, mulDims, 1);
      case "ReduceSum":
        return reduce(node, a, addDims, 0);
      default:
        return undefined;
    }
  };
  const result = unary();
  return result && [result];
}

const CAST_TARGETS: Readonly<Record<number, string>> = {
  ...{ 1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool" },
  ...{ 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16" },
};

/** The name of the element type that a Cast converts to. */
export function castTarget(node: ModelNode): string {
  return CAST_TARGETS[node.int("to") ?? 0] ?? `type ${node.int("to")}`;
}

/** Moves entries by moving their positions in one table. */
function move(
  operands: readonly (Known | undefined)[],
  positions: readonly number[] | "all",
  asIndices: (operands: readonly (Known | undefined)[]) => readonly (Known | undefined)[] | undefined,
): readonly (Known | undefined)[] | undefined {
  const table: Dim[] = [];
  const isMoved = (index: number) => positions === "all" || positions.includes(index);
  const replaced = operands.map((operand, index) => {
    if (operand === undefined || !isMoved(index)) return operand;
    const entries = Array.from(operand.entries, (entry) => table.push(entry) - 1);
    return known("int64", operand.shape, Float64Array.from(entries));
  });
  if (replaced.some((operand) => operand !== undefined && numbersOf(operand) === undefined)) return undefined;
  const dtype = operands.find((operand, index) => operand !== undefined && isMoved(index))?.dtype ?? "int64";
  return asIndices(replaced)?.map(
    (result) =>
      result &&
      known(
        dtype,
        result.shape,
        Array.from(result.entries, (position) => table[Number(position)] ?? 0),
      ),
  );
}
