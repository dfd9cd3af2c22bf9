/** Numbers that are times: years, seconds or milliseconds since 1970, and dates of one step in any order. */

export type TimeUnit = "years" | "seconds" | "milliseconds";

/** Years of series, and the seconds of 2001 to 2050. */
const [FIRST_YEAR, LAST_YEAR] = [1500, 2200];
const [FIRST_SECOND, LAST_SECOND] = [1e9, 2.525e9];

/** The unit that all of the integers have; null for other numbers. */
export function timeUnitOf(texts: readonly string[]): TimeUnit | null {
  if (texts.length === 0 || !texts.every((text) => /^\d{4,13}$/.test(text))) return null;
  const isWithin = (least: number, most: number) =>
    texts.every((text) => Number(text) >= least && Number(text) <= most);
  if (isWithin(FIRST_YEAR, LAST_YEAR)) return "years";
  if (isWithin(FIRST_SECOND, LAST_SECOND)) return "seconds";
  return isWithin(1000 * FIRST_SECOND, 1000 * LAST_SECOND) ? "milliseconds" : null;
}

/** Dates of a series, the share of its usual steps, and their tolerance: months have 28 to 31 days. */
const [MIN_DATES, USUAL, TOLERANCE] = [20, 0.9, 0.2];

/** True for times that are there once each and follow one another by one step, in any order. */
export function haveOneStep(times: readonly number[]): boolean {
  if (times.length < MIN_DATES) return false;
  const sorted = times.toSorted((a, b) => a - b);
  const steps = sorted.slice(1).map((time, index) => time - (sorted[index] ?? 0));
  const median = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 0;
  const usual = steps.filter((step) => Math.abs(step - median) <= TOLERANCE * median);
  return steps.every((step) => step > 0) && usual.length >= USUAL * steps.length;
}
