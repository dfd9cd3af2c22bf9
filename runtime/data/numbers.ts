/** Numbers as they were read, and the one place where they become the types that sessions are fed. */
import { type Checked, type RunProblem, refuse } from "../problem.js";
import type { NumericArray } from "./source.js";

export interface Numbers {
  readonly shape: readonly number[];
  /** Whole by type (an integer `.npy`), or, where a file has no types (JSON), because every number is whole. */
  readonly integer: boolean;
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
export function toFloat32(numbers: Numbers, origin: Origin): Checked<{ readonly array: NumericArray }> {
  const data = Float32Array.from(numbers.values);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const value = numbers.values[bad] ?? 0;
    const what = Number.isFinite(value) ? `${value}, too large for float32` : `${value}`;
    return refuse(valueProblem(numbers, origin, bad, what, "Numbers must be finite."));
  }
  return { ok: true, array: { dtype: "float32", shape: numbers.shape, data } };
}

/** Token ids and classes: int32, whole and from 0. */
export function toIndices(numbers: Numbers, origin: Origin, of: string): Checked<{ readonly array: NumericArray }> {
  const { values } = numbers;
  for (let place = 0; place < values.length; place++) {
    const value = values[place] ?? 0;
    if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) continue;
    return refuse(valueProblem(numbers, origin, place, `${value}`, `${of} are whole numbers from 0.`));
  }
  return { ok: true, array: { dtype: "int32", shape: numbers.shape, data: Int32Array.from(values) } };
}

/** Live steps: int64, from 1 to `time` where that is known. */
export function toLengths(
  numbers: Numbers,
  origin: Origin,
  time: number | undefined,
): Checked<{ readonly array: NumericArray }> {
  const { values } = numbers;
  const bad = values.findIndex(
    (value) => !(Number.isInteger(value) && value >= 1 && value <= (time ?? Number.POSITIVE_INFINITY)),
  );
  if (bad >= 0) {
    const hint = `A length is a whole number from 1${time === undefined ? "" : ` to ${time}, the steps of inputs`}.`;
    return refuse(valueProblem(numbers, origin, bad, `${values[bad] ?? 0}`, hint));
  }
  const data = BigInt64Array.from(Array.from(values, BigInt));
  return { ok: true, array: { dtype: "int64", shape: numbers.shape, data } };
}

/** A problem at one element, by its place in row-major order. */
export function valueProblem(
  numbers: Pick<Numbers, "shape">,
  origin: Origin,
  place: number,
  what: string,
  hint: string,
): RunProblem {
  const at: number[] = [];
  let rest = place;
  for (const size of [...numbers.shape].reverse()) {
    at.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  const inFile = origin.file === undefined ? "" : ` in "${origin.file}"`;
  return {
    code: "array-value",
    // Inside a spec the entry itself has a place; a file of numbers has none but its name.
    path: origin.file === undefined ? [origin.path, ...at].join("/") : origin.path,
    ...(origin.file !== undefined && { file: origin.file }),
    message: `${origin.name}${at.map((index) => `[${index}]`).join("")}${inFile} is ${what}.`,
    hint,
  };
}
