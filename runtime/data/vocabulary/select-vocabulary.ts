/** Which units have an id of their own: those that the training part holds, as often as is asked for. */
import type { NormalVocabulary } from "../../../schema/normal/index.js";

/**
 * `counts` are the units' numbers of occurrences, in order of first appearance. The answer is the places of those that are
 * kept, in that order: the most frequent, the earlier of equals. With `reserved`, the size counts that many other entries.
 */
export function selectVocabulary(
  counts: Uint32Array,
  { size, min_count }: NormalVocabulary,
  reserved: number,
): readonly number[] {
  const frequent = Array.from(counts.keys()).filter((unit) => (counts[unit] ?? 0) >= min_count);
  const capacity = Math.max(0, (size ?? Number.POSITIVE_INFINITY) - reserved);
  if (frequent.length <= capacity) return frequent;
  const byCount = [...frequent].sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a - b);
  return byCount.slice(0, capacity).sort((a, b) => a - b);
}
