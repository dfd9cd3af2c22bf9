/** Sizes of held-out splits: fractions of the examples, or numbers of rows at the end of a series. */

/** True for a number of rows, false for a fraction. */
export function isRowCount(size: number): boolean {
  return size >= 1;
}
