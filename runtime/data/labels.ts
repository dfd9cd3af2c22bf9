/** Class labels: small or dense integers from 0 are class ids; other labels are numbered in their sorted order. */
import { formatCount, listFirst } from "../format.js";
import type { NumericArray } from "../tensors/array.js";
import { nestedRows } from "../tensors/rows.js";
import { argmax } from "../tensors/scores.js";
import { parseNumber } from "./formats/number-notation.js";

export interface Classes {
  /** By class id; null when the labels are the ids. */
  readonly names: readonly string[] | null;
  readonly count: number;
  /** The class id of each label. */
  readonly ids: Int32Array;
}

/** Larger numbers are names, not ids. */
const MAX_CLASSES = 2 ** 20;
/** Of more classes, at least half have an example: integers such as 100 and 2000 are names. */
const MAX_SPARSE_CLASSES = 100;
/** Missing ids of a notice. */
const MAX_LISTED = 8;

/**
 * The classes of a data set: integers from 0 that are ids, or names in sorted order, numbers by value before texts by
 * code point.
 *
 * @param recorded the names of the run that a training resumes, whose order is kept where the labels are the same.
 */
export function fitClasses(labels: readonly string[], recorded?: readonly string[]): Classes {
  const numbers = labels.map((label) => (/^(?:0|[1-9]\d*)$/.test(label) ? Number(label) : MAX_CLASSES));
  if (numbers.every((id) => id < MAX_CLASSES)) {
    const count = numbers.reduce((most, id) => Math.max(most, id + 1), 0);
    if (count <= MAX_SPARSE_CLASSES || 2 * new Set(numbers).size >= count)
      return { names: null, count, ids: Int32Array.from(numbers) };
  }
  const found = new Set(labels);
  const isRecorded = recorded?.length === found.size && recorded.every((name) => found.has(name));
  const names = isRecorded ? recorded : [...found].sort(compareLabels);
  const idOf = new Map(names.map((name, id) => [name, id]));
  return { names, count: names.length, ids: Int32Array.from(labels, (label) => idOf.get(label) ?? 0) };
}

/** Numbers by value, then texts by code point. Of equal numbers, such as 1 and 1.0, the texts decide. */
export function compareLabels(a: string, b: string): number {
  const [x, y] = [parseNumber(a), parseNumber(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return x < y ? -1 : x > y ? 1 : compareCodePoints(a, b);
}

/** Notices of class ids without an example, and of names that are the same number, such as 1 and 1.0. */
export function classNotices(classes: Classes | null, isFitted: boolean): readonly string[] {
  if (classes === null) return [];
  const { names, count, ids } = classes;
  return names === null ? (isFitted ? [] : missingIdsNotices(count, ids)) : equalNamesNotices(names);
}

function missingIdsNotices(count: number, ids: Int32Array): readonly string[] {
  const found = new Set(ids);
  const missing = Array.from({ length: count }, (_, id) => `${id}`).filter((id) => !found.has(Number(id)));
  if (missing.length === 0) return [];
  const classes = `${missing.length === 1 ? "class" : "classes"} ${listFirst(missing, MAX_LISTED)}`;
  return [
    `The labels, integers from 0, are the ids of ${formatCount(count, "class", "classes")}: no example has ${classes}.`,
  ];
}

function equalNamesNotices(names: readonly string[]): readonly string[] {
  const byValue = new Map<number, string[]>();
  for (const name of names) {
    const value = parseNumber(name);
    if (!Number.isNaN(value)) byValue.set(value, [...(byValue.get(value) ?? []), name]);
  }
  const equal = [...byValue.values()].find(({ length }) => length > 1);
  if (equal === undefined) return [];
  const list = equal.map((name) => JSON.stringify(name)).join(" and ");
  return [`${list} are classes of their own. If they are one class, write them alike in the data.`];
}

function compareCodePoints(a: string, b: string): number {
  const [points, others] = [[...a], [...b]];
  const index = points.findIndex((point, position) => point !== others[position]);
  if (index < 0) return points.length - others.length;
  return (points[index]?.codePointAt(0) ?? 0) - (others[index]?.codePointAt(0) ?? -1);
}

/** The id of a key; a new key gets the next id. */
export function intern<K>(numbers: Map<K, number>, key: K): number {
  const existing = numbers.get(key);
  if (existing !== undefined) return existing;
  numbers.set(key, numbers.size);
  return numbers.size - 1;
}

/** The most likely class of each row of scores [batch, …, classes], as nested lists. */
export function decodeClasses(scores: NumericArray, { names, count }: Omit<Classes, "ids">): readonly unknown[] {
  if (scores.shape.at(-1) !== count || count < 2) return nestedRows(scores);
  const shape = scores.shape.slice(0, -1);
  const data = Int32Array.from({ length: scores.data.length / count }, (_, row) =>
    argmax(scores.data, row * count, count),
  );
  const rows = nestedRows({ shape, data });
  return names === null ? rows : nameClasses(rows, names);
}

function nameClasses(entries: readonly unknown[], names: readonly string[]): readonly unknown[] {
  return entries.map((entry) => (Array.isArray(entry) ? nameClasses(entry, names) : names[Number(entry)]));
}
