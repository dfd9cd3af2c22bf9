/** Numbers as they were read, and the one place where they become the types that sessions are fed. */
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";

export interface ParsedArray {
  readonly shape: readonly number[];
  /** Whole by type (an integer `.npy`), or, where a file has no types (JSON), because every number is whole. */
  readonly isInteger: boolean;
  /** Row-major. 64-bit integers are doubles here: what doubles cannot hold, no rule below accepts as an integer. */
  readonly values: Float32Array | Float64Array | Int32Array;
}

/** What a conversion needs to name a place: the role's member of the spec, its words for a reader, and its file if any. */
export interface Origin {
  readonly name: string;
  readonly path: string;
  readonly file?: string;
}

/** Features, quantities, weights, states: float32. Not a number, infinite, or beyond float32 is a problem. */
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

/** Token ids and classes: int32, whole and from 0. */
export function toIndices(numbers: ParsedArray, origin: Origin, what: string): Result<NumericArray> {
  const { values } = numbers;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) continue;
    return fail([valueProblem(numbers, origin, index, `${value}`, `${what} are whole numbers from 0.`)]);
  }
  return ok({ dtype: "int32", shape: numbers.shape, data: Int32Array.from(values) });
}

/** Live steps: int64, from 1 to `time` where that is known. */
export function toLengths(numbers: ParsedArray, origin: Origin, time: number | undefined): Result<NumericArray> {
  const { values } = numbers;
  const invalidIndex = values.findIndex(
    (value) => !(Number.isInteger(value) && value >= 1 && value <= (time ?? Number.POSITIVE_INFINITY)),
  );
  if (invalidIndex >= 0) {
    const hint = `A length is a whole number from 1${time === undefined ? "" : ` to ${time}, the steps of inputs`}.`;
    return fail([valueProblem(numbers, origin, invalidIndex, `${values[invalidIndex] ?? 0}`, hint)]);
  }
  const data = BigInt64Array.from(Array.from(values, BigInt));
  return ok({ dtype: "int64", shape: numbers.shape, data });
}

/** A problem at one element, by its place in row-major order. */
export function valueProblem(
  numbers: Pick<ParsedArray, "shape">,
  origin: Origin,
  flatIndex: number,
  what: string,
  hint: string,
): RunProblem {
  const indexPath: number[] = [];
  let rest = flatIndex;
  for (const size of [...numbers.shape].reverse()) {
    indexPath.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  const inFile = origin.file === undefined ? "" : ` in "${origin.file}"`;
  return {
    code: "array-value",
    // Inside a spec the entry itself has a place; a file of numbers has none but its name.
    path: origin.file === undefined ? [origin.path, ...indexPath].join("/") : origin.path,
    ...(origin.file !== undefined && { file: origin.file }),
    message: `${origin.name}${indexPath.map((index) => `[${index}]`).join("")}${inFile} is ${what}.`,
    hint,
  };
}
