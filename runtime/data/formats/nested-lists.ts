/** Nested lists of numbers in a spec or a JSON file, flattened to row-major arrays. */
import { formatCount } from "../../format.js";
import { fail, ok, type Result } from "../../result.js";
import { elementCount } from "../../tensors/array.js";
import type { ParsedArray } from "./convert-array.js";

const MAX_RANK = 8;

/** @param path the JSON pointer of the outermost list; a problem points at the invalid entry. */
export function readNested(nested: unknown, name: string, path: string): Result<ParsedArray> {
  const shape: number[] = [];
  for (let value = nested; Array.isArray(value); value = value[0]) {
    shape.push(value.length);
    if (shape.length > MAX_RANK) {
      return fail([{ code: "array-shape", path, message: `${name} has more than ${MAX_RANK} levels of lists.` }]);
    }
  }
  if (shape.length === 0) {
    return fail([
      {
        code: "array-shape",
        path,
        message: `${name} is ${describeKind(nested)}, not a list of numbers.`,
        hint: "Write nested lists of numbers, one entry for each example.",
      },
    ]);
  }

  const values = new Float64Array(elementCount(shape));
  let filled = 0;
  let isInteger = true;
  /** Indices of the list or number being read. */
  const indexPath: number[] = [];
  /** Appends a list or a number to `values`; returns what is wrong at `indexPath`, if anything. */
  const fill = (value: unknown): string | undefined => {
    const size = shape[indexPath.length];
    if (size === undefined) {
      if (typeof value !== "number") return `is ${describeKind(value)}, but must be a number`;
      if (!Number.isFinite(value)) return `is ${value}`;
      values[filled++] = value;
      isInteger &&= Number.isInteger(value);
      return undefined;
    }
    if (!Array.isArray(value)) return `is ${describeKind(value)}, but must be a list`;
    if (value.length !== size) {
      return `has ${formatCount(value.length, "entry", "entries")}, but ${name}${"[0]".repeat(indexPath.length)} has ${size}`;
    }
    for (const [index, entry] of value.entries()) {
      indexPath.push(index);
      const problem = fill(entry);
      if (problem !== undefined) return problem;
      indexPath.pop();
    }
    return undefined;
  };

  const problem = fill(nested);
  if (problem === undefined) return ok({ shape, isInteger, values });
  return fail([
    {
      code: "array-shape",
      path: [path, ...indexPath].join("/"),
      message: `${name}${indexPath.map((index) => `[${index}]`).join("")} ${problem}.`,
    },
  ]);
}

function describeKind(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "text";
  if (typeof value === "object") return "an object";
  return typeof value === "boolean" ? String(value) : `a ${typeof value}`;
}
