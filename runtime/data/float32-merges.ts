/** Notices of columns that lose values in float32: different values in neighboring rows that round to one number. */

/** Relative differences up to this one are rounding errors of float64, not different values. */
const ROUNDING = 2 ** -40;

export interface MergeDetector {
  /** Reads the value of the next row. */
  update(value: number): void;
  /** The first two values of neighboring rows that differ, but not in float32. */
  merged(): readonly [number, number] | undefined;
}

export function detectMerges(): MergeDetector {
  let previous = Number.NaN;
  let merged: readonly [number, number] | undefined;
  return {
    update(value) {
      const differ = Math.abs(value - previous) > ROUNDING * Math.abs(value);
      if (merged === undefined && differ && Math.fround(value) === Math.fround(previous)) merged = [previous, value];
      previous = value;
    },
    merged: () => merged,
  };
}

/** @param remedy the way to keep the values apart, imperative. */
export function mergeNotice(column: string, [one, other]: readonly [number, number], remedy: string): string {
  return `${column} has values that float32 rounds to one number, such as ${one} and ${other}. ${remedy}`;
}

/**
 * The notices of an array [rows, width] of numbers in float64.
 *
 * @param nameOf the name of the column at an index.
 */
export function mergeNotices(
  values: ArrayLike<number>,
  width: number,
  nameOf: (column: number) => string,
): readonly string[] {
  // Numbers in float32 were rounded before.
  if (values instanceof Float32Array) return [];
  return Array.from({ length: width }, (_, column) => {
    const detector = detectMerges();
    for (let index = column; index < values.length; index += width) detector.update(values[index] ?? 0);
    const merged = detector.merged();
    return merged === undefined ? [] : [mergeNotice(nameOf(column), merged, remedy)];
  }).flat();
}

const remedy = "Subtract an offset, or scale the values.";
