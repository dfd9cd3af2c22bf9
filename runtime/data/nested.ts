/** Nested lists of numbers, from a spec or a JSON file: rectangular, flattened row by row. */
import { type Checked, refuse } from "../problem.js";
import type { Numbers } from "./numbers.js";

const maximumRank = 8;

/** `path` is the JSON pointer of the outermost list; a problem points at the entry that breaks the rule. */
export function readNested(nested: unknown, name: string, path: string): Checked<{ readonly numbers: Numbers }> {
  const shape: number[] = [];
  for (let part = nested; Array.isArray(part); part = part[0]) {
    shape.push(part.length);
    if (shape.length > maximumRank) {
      return refuse({ code: "array-shape", path, message: `${name} has more than ${maximumRank} levels of lists.` });
    }
  }
  if (shape.length === 0) {
    return refuse({
      code: "array-shape",
      path,
      message: `${name} is ${kindOf(nested)}, not a list of numbers.`,
      hint: "Write nested lists of numbers, one entry for each example.",
    });
  }

  const values = new Float64Array(shape.reduce((product, size) => product * size, 1));
  let filled = 0;
  let integer = true;
  /** Indices of the part being read. */
  const at: number[] = [];
  /** Reads a part into `values`; the answer is what is wrong at `at`, if anything. */
  const fill = (part: unknown): string | undefined => {
    const size = shape[at.length];
    if (size === undefined) {
      if (typeof part !== "number") return `is ${kindOf(part)} where a number should be`;
      if (!Number.isFinite(part)) return `is ${part}`;
      values[filled++] = part;
      integer &&= Number.isInteger(part);
      return undefined;
    }
    if (!Array.isArray(part)) return `is ${kindOf(part)} where a list should be`;
    if (part.length !== size) {
      return `has ${entries(part.length)} where ${name}${"[0]".repeat(at.length)} has ${size}`;
    }
    for (const [index, entry] of part.entries()) {
      at.push(index);
      const fault = fill(entry);
      if (fault !== undefined) return fault;
      at.pop();
    }
    return undefined;
  };

  const fault = fill(nested);
  if (fault === undefined) return { ok: true, numbers: { shape, integer, values } };
  return refuse({
    code: "array-shape",
    path: [path, ...at].join("/"),
    message: `${name}${at.map((index) => `[${index}]`).join("")} ${fault}.`,
  });
}

function entries(count: number): string {
  return count === 1 ? "1 entry" : `${count} entries`;
}

function kindOf(part: unknown): string {
  if (part === null) return "null";
  if (Array.isArray(part)) return "a list";
  if (typeof part === "string") return "text";
  if (typeof part === "object") return "an object";
  return typeof part === "boolean" ? String(part) : `a ${typeof part}`;
}
