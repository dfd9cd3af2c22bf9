/** Integers and counted nouns as text, for people. Values that a user writes, such as those of keys, stay as in JSON. */

/** 10850 → 10,850 */
export function formatInteger(value: number): string {
  // A formatter of Intl takes 15 ms to begin.
  return `${Math.round(value)}`.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 row", "1,024 rows". */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatInteger(count)} ${count === 1 ? noun : plural}`;
}

/** The first `most` items, and the number of the others: "a, b, and 3 more". */
export function listFirst(items: readonly string[], most: number): string {
  const more = items.length > most ? `, and ${formatInteger(items.length - most)} more` : "";
  return `${items.slice(0, most).join(", ")}${more}`;
}
