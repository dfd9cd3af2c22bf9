/** Units and labels of other data as ids of a run's vocabulary and classes. */
import { formatCount } from "../../format.js";
import { fail, ok, type Result } from "../../result.js";
import type { Classes } from "../labels.js";
import type { TextMetadata } from "../metadata.js";
import type { IdList } from "../spill/id-list.js";
import type { TokenizedText } from "./tokenizers.js";
import { type Unit, unitNames } from "./tokens.js";

/**
 * A text as ids of a vocabulary, or the index of the first occurrence of each unknown unit, ascending. A vocabulary
 * without an unknown token must contain every unit.
 */
export function encodeWithVocabulary(
  { units, ids }: TokenizedText,
  { vocabulary, unknown }: Pick<TextMetadata, "vocabulary" | "unknown">,
): Result<IdList, readonly number[]> {
  const idOf = idsByName(vocabulary);
  const unitIds = units.map((unit) => idOf.get(unit) ?? unknown);
  const missing = new Set(unitIds.flatMap((id, unit) => (id === undefined ? [unit] : [])));
  if (missing.size > 0) return fail(firstIndices(ids, missing));
  return ok(ids.mapIds(Int32Array.from(unitIds, (id) => id ?? 0)));
}

/**
 * Message and hint for a unit that a vocabulary does not contain.
 *
 * @param location of the unit, such as `a.txt:3`.
 */
export function unknownUnitMessage(
  location: string,
  unit: Unit,
  { vocabulary, unit: kind }: Pick<TextMetadata, "vocabulary" | "unit">,
): { readonly message: string; readonly hint: string } {
  const size = formatCount(vocabulary.length, unitNames[kind]);
  return {
    message: `${location}: ${JSON.stringify(unit)} is not in the model's vocabulary (${size}).`,
    hint: "Remove it, or train with a vocabulary that has an unknown token (data.vocabulary).",
  };
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

/** Labels as a run's classes, or the indices of labels that are not among them. Null `names`: labels are class ids. */
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
