/** Units and labels of other data, looked up among those that a run learnt of its own. */
import type { Classes } from "./labels.js";
import type { TextMetadata } from "./metadata.js";
import type { NumberedText, Unit } from "./units.js";

/** Ids of known names, or the places of those that are not known. */
export type LookedUp =
  | { readonly ok: true; readonly ids: Int32Array }
  /** In order, the first place of each. */
  | { readonly ok: false; readonly strangers: readonly number[] };

/** The units of a text in a vocabulary. Without an unknown unit in it, it must hold them all. */
export function lookUpUnits(
  { units, ids }: NumberedText,
  { vocabulary, unknown }: Pick<TextMetadata, "vocabulary" | "unknown">,
): LookedUp {
  const idOf = idsOf(vocabulary);
  const own = units.map((unit) => idOf.get(unit) ?? unknown);
  const missing = new Set(own.flatMap((id, unit) => (id === undefined ? [unit] : [])));
  if (missing.size > 0) return { ok: false, strangers: firstPlaces(ids, missing) };
  return { ok: true, ids: ids.map((unit) => own[unit] ?? 0) };
}

function firstPlaces(ids: Int32Array, wanted: Set<number>): readonly number[] {
  const left = new Set(wanted);
  const places: number[] = [];
  for (let place = 0; place < ids.length && left.size > 0; place++) {
    if (left.delete(ids[place] ?? -1)) places.push(place);
  }
  return places;
}

/** Where a unit of a text stands, lines and columns from 1. Bytes have no lines: the column is the place in the file. */
export function positionOf(
  content: string,
  unit: TextMetadata["unit"],
  place: number,
): { readonly line: number; readonly column: number } {
  const before = unit === "word" ? wordsBefore(content, place) : [...content].slice(0, place).join("");
  const lines = before.split(/\r\n|\r|\n/);
  return { line: lines.length, column: [...(lines.at(-1) ?? "")].length + 1 };
}

function wordsBefore(content: string, place: number): string {
  let count = 0;
  for (const { index } of content.matchAll(/\S+/gu)) if (count++ === place) return content.slice(0, index);
  return content;
}

/** Labels as classes that a run numbered; names null where classes are numbers. The places of labels that are no class. */
export function lookUpLabels(
  labels: readonly string[],
  names: readonly string[] | null,
): { readonly ok: true; readonly classes: Classes } | Extract<LookedUp, { ok: false }> {
  const idOf = names === null ? undefined : idsOf(names);
  const ids = labels.map((label) => (idOf === undefined ? numberOf(label) : idOf.get(label)));
  const strangers = ids.flatMap((id, place) => (id === undefined ? [place] : []));
  if (strangers.length > 0) return { ok: false, strangers };
  const numbers = Int32Array.from(ids, (id) => id ?? 0);
  const count = names?.length ?? numbers.reduce((most, id) => Math.max(most, id + 1), 0);
  return { ok: true, classes: { names, count, ids: numbers } };
}

function numberOf(label: string): number | undefined {
  return /^(?:0|[1-9]\d{0,6})$/.test(label) ? Number(label) : undefined;
}

function idsOf<K extends Unit>(names: readonly K[]): ReadonlyMap<Unit, number> {
  return new Map(names.map((name, id) => [name, id]));
}
