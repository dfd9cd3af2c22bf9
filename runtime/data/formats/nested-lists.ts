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
      return fail([
        {
          code: "array-shape",
          path,
          message: `${name} has more than ${MAX_RANK} levels of lists.`,
          hint: "Use at most [examples, time, features].",
        },
      ]);
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
  /** Appends a list or a number to `values`; returns the problem at `indexPath` and its hint, if any. */
  const fill = (value: unknown): Problem | undefined => {
    const size = shape[indexPath.length];
    if (size === undefined) {
      if (typeof value !== "number") return [`is ${describeKind(value)}, but must be a number`, numberHint(value)];
      if (!Number.isFinite(value)) return [`is ${value}`, "Numbers must be finite."];
      values[filled++] = value;
      isInteger &&= Number.isInteger(value);
      return undefined;
    }
    if (!Array.isArray(value)) return [`is ${describeKind(value)}, but must be a list`, raggedHint];
    if (value.length !== size) {
      const first = `${name}${"[0]".repeat(indexPath.length)}`;
      return [`has ${formatCount(value.length, "entry", "entries")}, but ${first} has ${size}`, raggedHint];
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
  const [what, hint] = problem;
  const message = `${name}${indexPath.map((index) => `[${index}]`).join("")} ${what}.`;
  return fail([{ code: "array-shape", path: [path, ...indexPath].join("/"), message, hint }]);
}

/** A message's predicate, and a hint. */
type Problem = readonly [what: string, hint: string];

const raggedHint = "Give all rows one shape: pad shorter sequences, and give their lengths in data.lengths.";

function numberHint(value: unknown): string {
  if (value === null) return "Write a number. Steps of weight 0 (data.weights) have no effect on the loss.";
  if (Array.isArray(value)) return raggedHint;
  return "Write a number; number classes and tokens from 0.";
}

function describeKind(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "text";
  if (typeof value === "object") return "an object";
  return typeof value === "boolean" ? String(value) : `a ${typeof value}`;
}
