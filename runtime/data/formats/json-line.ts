/** Lines of JSON: objects with unique keys, and the text of numbers that float64 does not represent. */
import { fail, ok, type Result } from "../../result.js";

/** The keys and values of a line. */
export type Line = Readonly<Record<string, unknown>>;

export interface JsonLine {
  readonly line: Line;
  /** The same with numbers that float64 does not represent as text: "9007199254740993". */
  readonly exact: Line;
}

const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[{}[\]:]/gsu;
/** True of lines that may have a number of more than 15 digits or beyond the range of float64. */
const mayBeInexact = /\d[\d.]{15}|\d[eE]\+?\d{3}/u;

/** Parses one line. The error is a predicate: "is not an object". */
export function parseJsonLine(text: string): Result<JsonLine, string> {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line !== "object" || line === null || Array.isArray(line)) return fail("is not an object");
    const repeated = Object.keys(line)
      .map((key) => JSON.stringify(key))
      .find((key) => text.indexOf(key) !== text.lastIndexOf(key) && isRepeated(text, key));
    if (repeated !== undefined) return fail(`has the key ${repeated} twice`);
    const exact = mayBeInexact.test(text) ? JSON.parse(text.replace(tokens, quoteInexact)) : line;
    return ok({ line: { ...line }, exact: { ...exact } });
  } catch (error) {
    // V8 adds a position inside the text, "(line 1 column 6)", which is no position in the file.
    const reason = error instanceof Error ? error.message.replace(/ \(line \d+ column \d+\)/u, "") : String(error);
    return fail(`is not JSON: ${reason}`);
  }
}

function quoteInexact(token: string): string {
  return /^[-\d]/u.test(token) && !isExact(token) ? `"${token}"` : token;
}

function isExact(token: string): boolean {
  const value = Number(token);
  if (/^-?\d+$/u.test(token)) return Number.isSafeInteger(value);
  const digits = token.replace(/[eE].*|[-.]/gu, "").replace(/^0+/u, "");
  return Number.isFinite(value) && (digits.length <= 15 || String(value) === token);
}

/** True if a valid object has a key (in quotes) of its own, not of an object inside it, more than once. */
function isRepeated(text: string, key: string): boolean {
  let depth = 0;
  let count = 0;
  let previous = "";
  for (const [token] of text.matchAll(tokens)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (token === ":" && depth === 1 && previous === key) count++;
    previous = token;
  }
  return count > 1;
}
