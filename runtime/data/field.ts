/** Fields of a table: numbers, or nothing. */

// No character can be read in two ways: fields may be long.
const number = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const missing = new Set(["", "na", "n/a", "nan", "null", "none"]);

/** The number that a field says; NaN where it says none. */
export function numberOf(field: string): number {
  return number.test(field) ? Number(field) : Number.NaN;
}

/** Whether a field says that there is no value. */
export function isMissing(field: string): boolean {
  return missing.has(field.toLowerCase());
}
