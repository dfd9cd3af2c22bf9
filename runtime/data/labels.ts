/** Class labels: integers from 0 are class ids; other labels are numbered by first appearance. */
import type { NumericArray } from "../tensors/array.js";
import { nestedRows } from "../tensors/rows.js";
import { argmax } from "../tensors/scores.js";

export interface Classes {
  /** By class id; null when the labels are the ids. */
  readonly names: readonly string[] | null;
  readonly count: number;
  /** The class id of each label. */
  readonly ids: Int32Array;
}

/** Larger numbers are names, not ids. */
const MAX_CLASSES = 2 ** 20;

export function fitClasses(labels: readonly string[]): Classes {
  const numbers = labels.map((label) => (/^(?:0|[1-9]\d*)$/.test(label) ? Number(label) : MAX_CLASSES));
  if (numbers.every((id) => id < MAX_CLASSES)) {
    const count = numbers.reduce((most, id) => Math.max(most, id + 1), 0);
    return { names: null, count, ids: Int32Array.from(numbers) };
  }
  const classes = new Map<string, number>();
  const ids = labels.map((label) => intern(classes, label));
  return { names: [...classes.keys()], count: classes.size, ids: Int32Array.from(ids) };
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
  const rows = nestedRows({ dtype: "int32", shape, data });
  return names === null ? rows : nameClasses(rows, names);
}

function nameClasses(entries: readonly unknown[], names: readonly string[]): readonly unknown[] {
  return entries.map((entry) => (Array.isArray(entry) ? nameClasses(entry, names) : names[Number(entry)]));
}
