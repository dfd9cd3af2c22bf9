/** Fields of a table: numbers, or nothing. */

// No character can be read in two ways: fields may be long.
const numberPattern = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const missingMarkers = new Set(["", "na", "n/a", "nan", "null", "none"]);

/** The number that a field says; NaN where it says none. */
export function parseNumber(field: string): number {
  return numberPattern.test(field) ? Number(field) : Number.NaN;
}

/** Whether a field says that there is no value. */
export function isMissing(field: string): boolean {
  return missingMarkers.has(field.toLowerCase());
}
