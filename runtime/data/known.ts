/** Units and labels of other data, looked up among those that a run learnt of its own. */
import type { IdList } from "./ids.js";
import type { Classes } from "./labels.js";
import type { TextMetadata } from "./metadata.js";
import type { NumberedText, Unit } from "./units.js";

/** Ids of known names, or the places of those that are not known. */
export type LookedUp = { readonly ok: true; readonly ids: IdList } | Strangers;

/** The first place of each that is not known, in order. */
interface Strangers {
  readonly ok: false;
  readonly strangers: readonly number[];
}

/** The units of a text in a vocabulary. Without an unknown unit in it, it must hold them all. */
export function lookUpUnits(
  { units, ids }: NumberedText,
  { vocabulary, unknown }: Pick<TextMetadata, "vocabulary" | "unknown">,
): LookedUp {
  const idOf = idsOf(vocabulary);
  const own = units.map((unit) => idOf.get(unit) ?? unknown);
  const missing = new Set(own.flatMap((id, unit) => (id === undefined ? [unit] : [])));
  if (missing.size > 0) return { ok: false, strangers: firstPlaces(ids, missing) };
  return { ok: true, ids: ids.mapped(Int32Array.from(own, (id) => id ?? 0)) };
}

function firstPlaces(ids: IdList, wanted: Set<number>): readonly number[] {
  const left = new Set(wanted);
  const places: number[] = [];
  let place = 0;
  for (const piece of ids.pieces(0, ids.length)) {
    for (const id of piece) {
      if (left.delete(id)) places.push(place);
      place++;
    }
    if (left.size === 0) break;
  }
  return places;
}

/** Labels as classes that a run numbered; names null where classes are numbers. The places of labels that are no class. */
export function lookUpLabels(
  labels: readonly string[],
  names: readonly string[] | null,
): { readonly ok: true; readonly classes: Classes } | Strangers {
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
