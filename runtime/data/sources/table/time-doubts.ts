/** Times of another meaning than that of their notation: dates as integers, and years of two digits in another century. */
import type { RunProblem } from "../../../problem.js";

/** Dates in digits alone that are read as numbers, whose step ends with the month. */
export function compactDateProblem(file: string, column: string, format: string, example: string): RunProblem {
  const message = `The numbers of column "${column}" in "${file}", such as ${example}, are dates, and data.time has no format for them.`;
  const hint = `Write "time": { "column": ${JSON.stringify(column)}, "format": "${format}" }.`;
  return { code: "table-time", path: "/data/time", file, message, hint };
}

/**
 * The first and the last year of rows that are in one order with all years of two digits in the 20th century, over a
 * shorter time, and in no order as they are read: 69 to 99 as 1969 to 1999, 00 to 68 as 2000 to 2068. Null for others.
 */
export function tornYears(times: readonly number[], series: readonly number[]): readonly [number, number] | null {
  if (isOrdered(times, series)) return null;
  const earlier = times.map((time) => {
    const date = new Date(time);
    const year = date.getUTCFullYear();
    return year < 2000 ? time : date.setUTCFullYear(year - 100);
  });
  const [own, other] = [endsOf(times), endsOf(earlier)];
  if (other[1] - other[0] >= own[1] - own[0] || !isOrdered(earlier, series)) return null;
  const [first, last] = other.map((time) => new Date(time).getUTCFullYear());
  return [first ?? 0, last ?? 0];
}

export function shortYearProblem(file: string, column: string, [first, last]: readonly [number, number]): RunProblem {
  const message =
    `The years of column "${column}" in "${file}" have two digits: 69 to 99 are 1969 to 1999, and 00 to 68 are 2000 to 2068, ` +
    `but the rows are in order from ${first} to ${last}.`;
  const hint = "Write the years with four digits, and %Y for %y in the format.";
  return { code: "table-time", path: "/data/time", file, message, hint };
}

function endsOf(times: readonly number[]): readonly [number, number] {
  return times.reduce<readonly [number, number]>(
    ([least, most], time) => [Math.min(least, time), Math.max(most, time)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

function isOrdered(times: readonly number[], series: readonly number[]): boolean {
  return isAscending(times, series) || isAscending(times.toReversed(), series.toReversed());
}

/** True where the times of each series ascend in the order of the file. */
export function isAscending(times: readonly number[], series: readonly number[]): boolean {
  const last = new Map<number, number>();
  for (const [row, time] of times.entries()) {
    const id = series[row] ?? 0;
    if (time < (last.get(id) ?? Number.NEGATIVE_INFINITY)) return false;
    last.set(id, time);
  }
  return true;
}
