/** Dates in the fields of CSV files: their order in time, also with the day or the month first. */

const yearFirst = /^(\d{4})([-/])(\d{2})$|^(\d{4})([-/.])(\d{1,2})\5(\d{1,2})(?:[T ]\s*(\S.*))?$/u;
const yearLast = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:,?[T ]\s*(\S.*))?$/u;
/** A quarter, or a week of ISO 8601. */
const partOfYear = /^(\d{4})[- ]?([QW])(\d{1,2})$/iu;
const quarterFirst = /^Q([1-4]) (\d{4})$/iu;
const twelveHours = /^(\d{1,2})(:\d{2}(?::\d{2})?)\s*([ap])\.?m\.?$/iu;

/**
 * The date of a field as texts that sort by time: with the day before the month, and with the month before the day.
 * Undefined where the field is no date in that order.
 */
export function sortableDates(field: string): readonly [string | undefined, string | undefined] {
  const first = yearFirst.exec(field);
  if (first !== null) {
    const [, year, , month, fullYear, , fullMonth, day, time] = first;
    const date = format(year ?? fullYear, month ?? fullMonth, day ?? "1", time);
    return [date, date];
  }
  const [, partYear, , number = ""] = partOfYear.exec(field) ?? [];
  const [, quarter = "", quarterYear] = quarterFirst.exec(field) ?? [];
  if (partYear ?? quarterYear) {
    const place = `${partYear ?? quarterYear}-${(number || quarter).padStart(2, "0")}`;
    return [place, place];
  }
  const [, one, , two, year, time] = yearLast.exec(field) ?? [];
  return [format(year, two, one, time), format(year, one, two, time)];
}

function format(year = "", month = "", day = "", time = ""): string | undefined {
  if (year === "" || !isWithin(month, 12) || !isWithin(day, 31)) return undefined;
  return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")} ${sortableTime(time)}`;
}

function isWithin(part: string, most: number): boolean {
  return Number(part) >= 1 && Number(part) <= most;
}

function sortableTime(time: string): string {
  const [, hour, rest = "", half = ""] = twelveHours.exec(time) ?? [];
  if (hour === undefined) return /^\d:/.test(time) ? `0${time}` : time;
  return `${(Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0)}`.padStart(2, "0") + rest;
}

/** A step of time between two rows. */
export interface TimeStep {
  readonly line: number;
  readonly from: string;
  readonly to: string;
}

/** The steps of time between successive rows. */
export interface TimeSteps {
  readonly up: number;
  readonly down: number;
  readonly equal: number;
  readonly firstUp: TimeStep | null;
  readonly firstDown: TimeStep | null;
  /** The fields of the earliest and of the latest time. */
  readonly ends: readonly [string, string];
}

export interface TimeTracker {
  /** Fields without a date are left out. */
  add(field: string, line: number): void;
  /** The steps in the order of day and month that all dates allow and that jumps least; null for no dates. */
  steps(): TimeSteps | null;
}

/** Counts the steps of one column. @param keysOf a field's keys that sort by time, one for each order of its parts. */
export function trackTime(
  keysOf: (field: string) => readonly (string | number | undefined)[] = sortableDates,
): TimeTracker {
  type Key = string | number;
  type Reading = { -readonly [K in keyof TimeSteps]: TimeSteps[K] } & { key: Key; earliest: Key; latest: Key };
  let readings: readonly (Reading | null)[] | undefined;
  let before = "";
  return {
    add(field, line) {
      const keys = keysOf(field);
      if (keys.every((key) => key === undefined)) return;
      readings = keys.map((key, order) => {
        if (key === undefined) return null;
        if (readings === undefined) {
          const none = { up: 0, down: 0, equal: 0, firstUp: null, firstDown: null };
          return { ...none, ends: [field, field], key, earliest: key, latest: key };
        }
        const reading = readings[order] ?? null;
        if (reading === null) return null;
        const step = { line, from: before, to: field };
        if (key === reading.key) reading.equal += 1;
        else if (key > reading.key) {
          reading.up += 1;
          reading.firstUp ??= step;
        } else {
          reading.down += 1;
          reading.firstDown ??= step;
        }
        reading.key = key;
        const [start, end] = reading.ends;
        if (key < reading.earliest) [reading.earliest, reading.ends] = [key, [field, end]];
        if (key > reading.latest) [reading.latest, reading.ends] = [key, [start, field]];
        return reading;
      });
      before = field;
    },
    steps() {
      const jumps = ({ up, down }: TimeSteps) => Math.min(up, down);
      const possible = (readings ?? []).filter((reading) => reading !== null);
      return possible.reduce<TimeSteps | null>(
        (best, reading) => (best === null || jumps(reading) < jumps(best) ? reading : best),
        null,
      );
    },
  };
}
