/** The regular step of the times of a series: a number, a span of time, or calendar months; and rows that it skips. */
import { formatCount } from "../../format.js";

/**
 * The distance of two rows: `number` counts units of the column, `time` milliseconds, `weekday` milliseconds from
 * Monday to Friday, `month` calendar months on one day of the month, `month_end` on the last one.
 */
export interface TimeStep {
  readonly unit: "number" | "time" | "weekday" | "month" | "month_end";
  readonly count: number;
}

const DAY = 86_400_000;

function clockOf(time: number): number {
  return ((time % DAY) + DAY) % DAY;
}

/** The place of a time on a line where a step has the length `count`. */
function placeOf(time: number, unit: TimeStep["unit"]): number {
  if (unit === "number" || unit === "time") return time;
  if (unit === "weekday") return placeOnWeekdays(time);
  const date = new Date(time);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** Days since a Monday. */
function daysSinceMonday(time: number): number {
  return Math.floor(time / DAY) + 3;
}

/** Milliseconds on the line of weekdays, where Monday follows Friday; a day of a weekend has the place of its Friday. */
function placeOnWeekdays(time: number): number {
  const days = daysSinceMonday(time);
  const weeks = Math.floor(days / 7);
  return (5 * weeks + Math.min(days - 7 * weeks, 4)) * DAY + clockOf(time);
}

/** The inverse of `placeOnWeekdays`. */
function timeOnWeekdays(place: number): number {
  const days = Math.floor(place / DAY);
  return (days + 2 * Math.floor(days / 5) - 3) * DAY + clockOf(place);
}

/** The step on weekdays, where all times are from Monday to Friday and the step divides a day; null otherwise. */
export function weekdayStep(times: ArrayLike<number>, { unit, count }: TimeStep): TimeStep | null {
  if (unit !== "time" || DAY % count !== 0) return null;
  const isWeekday = (time: number) => ((daysSinceMonday(time) % 7) + 7) % 7 < 5;
  return Array.from(times).every(isWeekday) ? { unit: "weekday", count } : null;
}

/** The most frequent step of the times of several series; null without two times. */
export function findStep(series: readonly ArrayLike<number>[], isDate: boolean): TimeStep | null {
  const unit = isDate ? unitOf(series) : "number";
  const counts = new Map<number, number>();
  for (const times of series)
    for (let row = 1; row < times.length; row++) {
      const exact = placeOf(times[row] ?? 0, unit) - placeOf(times[row - 1] ?? 0, unit);
      const step = unit === "number" ? Number(exact.toPrecision(9)) : exact;
      counts.set(step, (counts.get(step) ?? 0) + 1);
    }
  const [[count] = [0]] = [...counts].sort(([a, times], [b, others]) => others - times || a - b);
  return count > 0 ? { unit, count } : null;
}

/** Months where all times are on one day of the month, or on its last. */
function unitOf(series: readonly ArrayLike<number>[]): TimeStep["unit"] {
  const all = series.flatMap((times) => Array.from(times));
  const [first = 0] = all;
  const clock = clockOf(first);
  const isEnd = (time: number) => new Date(time + DAY).getUTCDate() === 1;
  const day = new Date(first).getUTCDate();
  if (new Set(all).size < 2 || all.some((time) => clockOf(time) !== clock)) return "time";
  if (all.every((time) => new Date(time).getUTCDate() === day)) return "month";
  return all.every(isEnd) ? "month_end" : "time";
}

/** Steps between two times; no integer where the second is off the step. */
export function stepsBetween(from: number, to: number, { unit, count }: TimeStep): number {
  const steps = (placeOf(to, unit) - placeOf(from, unit)) / count;
  return Math.abs(steps - Math.round(steps)) < 1e-6 ? Math.round(steps) : steps;
}

/** The time some steps later. */
export function timeAfter(time: number, steps: number, { unit, count }: TimeStep): number {
  if (unit === "number") return Number((time + steps * count).toPrecision(15));
  if (unit === "time") return time + steps * count;
  if (unit === "weekday") return timeOnWeekdays(placeOnWeekdays(time) + steps * count);
  const date = new Date(time);
  const month = date.getUTCMonth() + steps * count;
  const last = new Date(0).setUTCFullYear(date.getUTCFullYear(), month + 1, 0);
  const day =
    unit === "month_end" ? new Date(last).getUTCDate() : Math.min(date.getUTCDate(), new Date(last).getUTCDate());
  return new Date(0).setUTCFullYear(date.getUTCFullYear(), month, day) + clockOf(time);
}

const spans = [
  [7 * DAY, "week"],
  [DAY, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1000, "second"],
] as const;

/** "1 day", "1 weekday", "15 minutes", "3 months", "2". */
export function describeStep({ unit, count }: TimeStep): string {
  if (unit === "number") return `${count}`;
  if (unit === "weekday") return count === DAY ? "1 weekday" : `${describeStep({ unit: "time", count })} on weekdays`;
  if (unit !== "time") return count % 12 === 0 ? formatCount(count / 12, "year") : formatCount(count, "month");
  const [length, name] = spans.find(([span]) => count % span === 0) ?? [1, "millisecond"];
  return formatCount(count / length, name);
}
