/** The rows behind the windows of a table, series by series: values of the targets before and after each window. */

export interface SeriesRows {
  /** A name for each series; of a table of one series an empty one. */
  readonly names: readonly string[];
  /** The rows of each series, from its first up to the first of the next one. */
  readonly ranges: readonly (readonly [number, number])[];
  /** Rows of a window. */
  readonly window: number;
  /** Rows to be predicted, counted from the last row of a window. */
  readonly horizon: readonly number[];
  /** The first row of the window of an example. */
  rowOf(example: number): number;
  seriesOf(example: number): number;
  /** True for a row that the training examples read; of data without a training split for every row. */
  isTraining(row: number): boolean;
  /** The values of a column of a target by row, in the units of the data; NaN where one is missing. */
  column(target: string, index: number): Float64Array;
  /** True for a value of a column of a target that the file lacks, and that is filled. */
  isFilled(target: string, index: number, row: number): boolean;
  /** Rows of a season; null where neither the spec nor the times of the rows have one. */
  readonly season: Season | null;
}

export interface Season {
  readonly rows: number;
  /** The step of the times that the season is of; null for one of the spec. */
  readonly step: string | null;
}

/**
 * The mean absolute difference of the values of a series at rows of the training split and those a season before: the
 * error of the seasonal naive forecast. Null for a series without such rows, or without a change in them.
 *
 * @param isRead true for rows of the training split whose value the file has.
 */
export function seasonalError(
  values: Float64Array,
  [start, end]: readonly [number, number],
  season: number,
  isRead: (row: number) => boolean,
): number | null {
  let [count, sum] = [0, 0];
  for (let row = start + season; row < end; row++) {
    const error = Math.abs((values[row] ?? 0) - (values[row - season] ?? 0));
    if (!isRead(row) || !isRead(row - season) || Number.isNaN(error)) continue;
    count += 1;
    sum += error;
  }
  return sum > 0 ? sum / count : null;
}
