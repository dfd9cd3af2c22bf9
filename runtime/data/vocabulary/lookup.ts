/** Units and labels of other data, looked up among those that a run learnt of its own. */
import { fail, ok, type Result } from "../../result.js";
import type { Classes } from "../labels.js";
import type { TextMetadata } from "../metadata.js";
import type { IdList } from "../spill/id-list.js";
import type { TokenizedText } from "./tokenizers.js";
import type { Unit } from "./tokens.js";

/** Ids of known names, or the places of those that are not known. */
/** Ids, or the first index of each unknown entry, in order. */
export type LookupResult = Result<IdList, readonly number[]>;

/** The units of a text in a vocabulary. Without an unknown unit in it, it must hold them all. */
export function encodeWithVocabulary(
  { units, ids }: TokenizedText,
  { vocabulary, unknown }: Pick<TextMetadata, "vocabulary" | "unknown">,
): LookupResult {
  const idOf = idsByName(vocabulary);
  const unitIds = units.map((unit) => idOf.get(unit) ?? unknown);
  const missing = new Set(unitIds.flatMap((id, unit) => (id === undefined ? [unit] : [])));
  if (missing.size > 0) return fail(firstIndices(ids, missing));
  return ok(ids.mapIds(Int32Array.from(unitIds, (id) => id ?? 0)));
}

function firstIndices(ids: IdList, wanted: Set<number>): readonly number[] {
  const remaining = new Set(wanted);
  const indices: number[] = [];
  let index = 0;
  for (const chunk of ids.chunks(0, ids.length)) {
    for (const id of chunk) {
      if (remaining.delete(id)) indices.push(index);
      index++;
    }
    if (remaining.size === 0) break;
  }
  return indices;
}

/** Labels as classes that a run numbered; names null where classes are numbers. The places of labels that are no class. */
export function encodeLabels(
  labels: readonly string[],
  names: readonly string[] | null,
): Result<Classes, readonly number[]> {
  const idOf = names === null ? undefined : idsByName(names);
  const ids = labels.map((label) => (idOf === undefined ? parseClassId(label) : idOf.get(label)));
  const unknownIndices = ids.flatMap((id, index) => (id === undefined ? [index] : []));
  if (unknownIndices.length > 0) return fail(unknownIndices);
  const numbers = Int32Array.from(ids, (id) => id ?? 0);
  const count = names?.length ?? numbers.reduce((most, id) => Math.max(most, id + 1), 0);
  return ok({ names, count, ids: numbers });
}

function parseClassId(label: string): number | undefined {
  return /^(?:0|[1-9]\d{0,6})$/.test(label) ? Number(label) : undefined;
}

function idsByName<K extends Unit>(names: readonly K[]): ReadonlyMap<Unit, number> {
  return new Map(names.map((name, id) => [name, id]));
}
