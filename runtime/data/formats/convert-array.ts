/** Parsed numbers, and their conversion to the element types of sessions: float32, int32 and int64. */
import { quote } from "../../../schema/diagnostics/suggest.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";

export interface ParsedArray {
  readonly shape: readonly number[];
  /** True for integer types (`.npy`), and for untyped numbers (JSON) that are all integers. */
  readonly isInteger: boolean;
  /** Row-major. 64-bit integers are doubles: the ids and lengths that are accepted below fit. */
  readonly values: Float32Array | Float64Array | Int32Array;
}

/** The source of an array, for messages: its name, the path of its spec key, and its file if it has one. */
export interface Origin {
  readonly name: string;
  readonly path: string;
  readonly file?: string;
  /** The cell of a table that an element was read from, by its row-major index; absent for an array. */
  readonly cellOf?: (index: number) => Cell;
}

/** A field of a table. */
export interface Cell {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Of the column. */
  readonly name: string;
}

/** The problem of a field: "rows.csv:3: The column "width" is -1." */
export function cellProblem({ file, line, column, name }: Cell, what: string, hint: string): RunProblem {
  const message = `${file}:${line}: The column ${quote(name)} ${what}.`;
  return { code: "table-value", path: "", file, line, column, message, hint };
}

/** Features, quantities, weights and states as float32. NaN, infinite values and values beyond float32 are problems. */
export function toFloat32(numbers: ParsedArray, origin: Origin): Result<NumericArray> {
  const data = Float32Array.from(numbers.values);
  const invalidIndex = data.findIndex((value) => !Number.isFinite(value));
  if (invalidIndex >= 0) {
    const value = numbers.values[invalidIndex] ?? 0;
    const what = Number.isFinite(value) ? `${value}, too large for float32` : `${value}`;
    return fail([valueProblem(numbers, origin, invalidIndex, what, "Numbers must be finite.")]);
  }
  return ok({ dtype: "float32", shape: numbers.shape, data });
}

/**
 * Token ids and classes as int32: integers from 0.
 *
 * @param limit the number of ids, with the hint for others, if it is known.
 */
export function toIndices(
  numbers: ParsedArray,
  origin: Origin,
  what: string,
  limit?: { readonly size: number; readonly hint: string },
): Result<NumericArray> {
  const { values } = numbers;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    const isId = Number.isInteger(value) && value >= 0 && value < 2 ** 31;
    if (isId && value < (limit?.size ?? Number.POSITIVE_INFINITY)) continue;
    const hint = isId
      ? (limit?.hint ?? "")
      : `${what} are integers from 0${value >= 2 ** 31 ? ` to ${2 ** 31 - 1}` : ""}.`;
    return fail([valueProblem(numbers, origin, index, `${value}`, hint)]);
  }
  return ok({ dtype: "int32", shape: numbers.shape, data: Int32Array.from(values) });
}

/** Sequence lengths as int64: from 1 to `time`, if that is known. */
export function toLengths(numbers: ParsedArray, origin: Origin, time: number | undefined): Result<NumericArray> {
  const { values } = numbers;
  const invalidIndex = values.findIndex(
    (value) => !(Number.isInteger(value) && value >= 1 && value <= (time ?? Number.POSITIVE_INFINITY)),
  );
  if (invalidIndex >= 0) {
    const limit = time === undefined ? "" : ` to ${time}, the number of steps of inputs`;
    const hint = `A length is an integer from 1${limit}.`;
    return fail([valueProblem(numbers, origin, invalidIndex, `${values[invalidIndex] ?? 0}`, hint)]);
  }
  const data = BigInt64Array.from(Array.from(values, BigInt));
  return ok({ dtype: "int64", shape: numbers.shape, data });
}

/** A problem of one element, given by its row-major index. */
export function valueProblem(
  numbers: Pick<ParsedArray, "shape">,
  origin: Origin,
  flatIndex: number,
  what: string,
  hint: string,
): RunProblem {
  if (origin.cellOf !== undefined) return cellProblem(origin.cellOf(flatIndex), `is ${what}`, hint);
  const indexPath: number[] = [];
  let rest = flatIndex;
  for (const size of [...numbers.shape].reverse()) {
    indexPath.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  const inFile = origin.file === undefined ? "" : ` in "${origin.file}"`;
  return {
    code: "array-value",
    // An entry in the spec has a JSON pointer; an entry in a file does not.
    path: origin.file === undefined ? [origin.path, ...indexPath].join("/") : origin.path,
    ...(origin.file !== undefined && { file: origin.file }),
    message: `${origin.name}${indexPath.map((index) => `[${index}]`).join("")}${inFile} is ${what}.`,
    hint,
  };
}
