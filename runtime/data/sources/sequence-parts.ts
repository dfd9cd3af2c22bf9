/** Parses the parts of a line of sequences: its steps as tokens or vectors, and its targets. */

import type { Line } from "../formats/json-line.js";
import { parseNumber } from "../formats/number-notation.js";
import { numbersHint, rangeHint, type TargetUse } from "../target-values.js";
import type { Tokenization } from "../vocabulary/normalize-text.js";
import { splitWords, type TextUnit, tokenize } from "../vocabulary/tokens.js";
import type { Field, InputRole, TargetRole } from "./sequence-columns.js";

/** A part, or the fault of the line as a clause. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string; readonly hint?: string };

/** A part of a line in a message: its role, and its key where that is another. */
export function describeField({ role, key }: Field<InputRole | TargetRole>): string {
  return role === key ? role : `${role} ${JSON.stringify(key)}`;
}

interface Steps {
  readonly tokens: readonly string[];
  readonly vectors: readonly number[];
  /** Numbers per vector; 0 for tokens. */
  readonly size: number;
}

export function parseSteps(line: Line, input: Field<InputRole>, tokenization: Tokenization<TextUnit>): Parsed<Steps> {
  const { role, key } = input;
  const value = line[key];
  if (value === undefined) return { fault: `has no ${describeField(input)}, but the first line has it` };
  if (role === "inputs") {
    const rows = Array.isArray(value) ? value : [];
    const [first] = rows;
    const size = Array.isArray(first) ? first.length : 0;
    if (size === 0) return { fault: "has inputs that are not a list of vectors" };
    if (!rows.every((row) => isVector(row) && row.length === size)) {
      return { fault: `has inputs that are not all vectors of ${size} finite numbers` };
    }
    return { value: { tokens: [], vectors: rows.flat(), size } };
  }
  if (typeof value === "string")
    return {
      value: { tokens: role === "text" ? tokenize(value, tokenization) : splitWords(value), vectors: [], size: 0 },
    };
  if (role === "text")
    return {
      fault: `has ${describeField(input)} that is not a string`,
      hint: Array.isArray(value) ? 'Name a list of words "tokens".' : "Write it in quotes.",
    };
  const tokens = toNames(value);
  return tokens === undefined
    ? { fault: "has tokens that are not a list of strings" }
    : { value: { tokens, vectors: [], size: 0 } };
}

interface Targets {
  readonly labels: readonly string[];
  readonly values: readonly number[];
  /** Numbers per target; 0 for labels. */
  readonly size: number;
}

export function parseTargets(line: Line, target: Field<TargetRole>, use: TargetUse): Parsed<Targets> {
  return use.targets === "classes" ? parseLabels(line, target) : parseValues(line, target, use);
}

function parseLabels(line: Line, target: Field<TargetRole>): Parsed<Targets> {
  const value = line[target.key];
  if (value === undefined) return { fault: `has no ${describeField(target)}, but the first line has it` };
  const isTagged = target.role === "tags";
  if (!isTagged && (value === "" || value === null))
    return { fault: "has no label", hint: "Fill it in, or leave the line out." };
  // In a CSV file, tags are separated by white space.
  const list = typeof value === "string" && isTagged ? splitWords(value) : value;
  const labels = toNames(isTagged ? list : [value]);
  if (labels === undefined)
    return isTagged
      ? {
          fault: "has tags that are not a list of names",
          hint: 'Write one name for each step, as in ["noun", "verb"].',
        }
      : { fault: "has a label that is not a name", hint: "Write a text that is not empty, a number, true or false." };
  return { value: { labels, values: [], size: 0 } };
}

function parseValues(line: Line, target: Field<TargetRole>, use: TargetUse): Parsed<Targets> {
  const value = line[target.key];
  if (value === undefined) return { fault: `has no ${describeField(target)}, but the first line has it` };
  const isTagged = target.role === "tags";
  const list = typeof value === "string" ? splitWords(value).map(parseNumber) : value;
  const rows = Array.isArray(list) ? list : [list];
  const isNested = Array.isArray(rows[0]);
  const size = isTagged ? (isNested ? rows[0].length : 1) : rows.length;
  const values: unknown[] = isNested ? rows.flat() : rows;
  const isRectangular = !isNested || rows.every((row) => Array.isArray(row) && row.length === size);
  if (!isVector(values) || !isRectangular || values.length === 0 || (isNested && !isTagged)) {
    return {
      fault: isTagged ? "has tags that are not finite numbers" : "has a label that is not a finite number",
      hint: numbersHint(use),
    };
  }
  for (const number of values) {
    const hint = rangeHint(use, number);
    if (hint !== undefined) return { fault: `has the ${isTagged ? "tag" : "label"} ${number}`, hint };
  }
  return { value: { labels: [], values, size } };
}

function isVector(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((entry) => Number.isFinite(Math.fround(Number(typeof entry === "number" ? entry : Number.NaN))))
  );
}

/** Names: strings, numbers and booleans. */
function toNames(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const names = value.filter((entry) => ["string", "number", "boolean"].includes(typeof entry) && entry !== "");
  return names.length === value.length ? names.map(String) : undefined;
}
