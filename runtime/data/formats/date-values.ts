/** Dates in fields as milliseconds since 1970 of the time as written, and their calendar features as ids. */
import type { DateFeature } from "../../../schema/kinds/columns.js";
import { type Directive, type FormatPart, parseDateFormat } from "../../../schema/kinds/date-format.js";

/** Milliseconds since 1970 of the written time; NaN where the field is no date of the format. */
export type DateReader = (field: string) => number;

const months = "january february march april may june july august september october november december".split(" ");
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The regular expression of each directive; case is ignored. */
export const directivePatterns: { readonly [D in Directive]: string } = {
  Y: String.raw`\d{4}`,
  y: String.raw`\d{2}`,
  m: String.raw`\d{1,2}`,
  b: "[a-z]{3}",
  B: "[a-z]{3,9}",
  q: "[1-4]",
  G: String.raw`\d{4}`,
  V: String.raw`\d{1,2}`,
  d: String.raw`\d{1,2}`,
  j: String.raw`\d{1,3}`,
  H: String.raw`\d{1,2}`,
  I: String.raw`\d{1,2}`,
  p: String.raw`[ap]\.?m\.?`,
  M: String.raw`\d{2}`,
  S: String.raw`\d{2}`,
  f: String.raw`\d{1,9}`,
  z: String.raw`Z|[+-]\d{2}:?\d{2}`,
  s: String.raw`[+-]?\d{1,12}(?:\.\d{1,9})?`,
};

/** The reader of a format; null is ISO 8601: a date, with a time and a zone or without. */
export function dateReader(format: string | null): DateReader {
  if (format === null) return readIso;
  const parsed = parseDateFormat(format);
  if ("fault" in parsed) throw new Error(`The format ${format} ${parsed.fault}.`);
  return readerOf(parsed.parts);
}

/** The offset from UTC of a date in milliseconds; null where the field has none. */
export function offsetReader(format: string | null): (field: string) => number | null {
  if (format === null) return (field) => offsetOf(isoPattern.exec(field)?.[8]);
  const parsed = parseDateFormat(format);
  if ("fault" in parsed) throw new Error(`The format ${format} ${parsed.fault}.`);
  const fieldsOf = fieldsReader(parsed.parts);
  // Seconds since 1970 are the same in all zones.
  return (field) => {
    const fields = fieldsOf(field);
    return fields?.has("s") === true ? null : offsetOf(fields?.get("z"));
  };
}

function offsetOf(zone: string | undefined): number | null {
  if (zone === undefined) return null;
  const [, sign, hours = "0", minutes = "0"] = /^([+-])(\d{2}):?(\d{2})$/u.exec(zone) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE;
}

function readerOf(parts: readonly FormatPart[]): DateReader {
  const fieldsOf = fieldsReader(parts);
  return (field) => {
    const fields = fieldsOf(field);
    return fields === null ? Number.NaN : timeOf(fields);
  };
}

function fieldsReader(parts: readonly FormatPart[]): (field: string) => ReadonlyMap<Directive, string> | null {
  const source = parts.map((part) =>
    "directive" in part
      ? `(${directivePatterns[part.directive]})`
      : part.text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replace(/\s+/g, String.raw`\s+`),
  );
  const pattern = new RegExp(`^${source.join("")}$`, "iu");
  const directives = parts.flatMap((part) => ("directive" in part ? [part.directive] : []));
  return (field) => {
    const match = pattern.exec(field);
    if (match === null) return null;
    return new Map(directives.map((directive, index) => [directive, match[index + 1] ?? ""]));
  };
}

/** The time of the fields of a date; a part that the format lacks is that of 1970-01-01 00:00. */
function timeOf(fields: ReadonlyMap<Directive, string>): number {
  const number = (directive: Directive, missing: number) => {
    const text = fields.get(directive);
    return text === undefined ? missing : Number(text);
  };
  const seconds = fields.get("s");
  if (seconds !== undefined) return Math.round(Number(seconds) * 1000);
  const shortYear = number("y", 70);
  const year = number("Y", shortYear + (shortYear < 69 ? 2000 : 1900));
  const monthName = (fields.get("b") ?? fields.get("B"))?.toLowerCase();
  const named = monthName === undefined ? undefined : months.findIndex((month) => isMonth(month, monthName)) + 1;
  const month = named ?? number("m", 3 * number("q", 1) - 2);
  const isAfternoon = fields.get("p")?.toLowerCase().startsWith("p") === true;
  const halfHour = number("I", 12);
  const hour = number("H", fields.has("I") ? (halfHour % 12) + (isAfternoon ? 12 : 0) : 0);
  const isHalfHour = halfHour >= 1 && halfHour <= 12;
  const fraction = Number(`0.${fields.get("f") ?? 0}`);
  const clock = { hour, minute: number("M", 0), second: number("S", 0), fraction };
  const dayOfYear = fields.get("j");
  if (!isHalfHour) return Number.NaN;
  if (fields.has("V")) return mondayOf(number("G", 1970), number("V", 1)) + civilTime({ ...epoch, ...clock });
  if (dayOfYear === undefined) return civilTime({ year, month, day: number("d", 1), ...clock });
  const start = civilTime({ year, month: 1, day: 1, ...clock });
  const time = start + (Number(dayOfYear) - 1) * DAY;
  return Number(dayOfYear) >= 1 && new Date(time).getUTCFullYear() === year ? time : Number.NaN;
}

const epoch = { year: 1970, month: 1, day: 1 };

/** The first day of a week of ISO 8601: week 1 has the fourth of January; NaN for a week that the year lacks. */
function mondayOf(year: number, week: number): number {
  const fourth = civilTime({ year, month: 1, day: 4, hour: 0, minute: 0, second: 0, fraction: 0 });
  const monday = fourth - dateFeature(fourth, "weekday") * DAY + (week - 1) * 7 * DAY;
  return week >= 1 && new Date(monday + 3 * DAY).getUTCFullYear() === year ? monday : Number.NaN;
}

/** The year and the number of the week of ISO 8601 that a time is in. */
export function weekOf(time: number): { readonly year: number; readonly week: number } {
  const thursday = time + (3 - dateFeature(time, "weekday")) * DAY;
  return {
    year: new Date(thursday).getUTCFullYear(),
    week: Math.floor(dateFeature(thursday, "day_of_year") / 7) + 1,
  };
}

function isMonth(month: string, name: string): boolean {
  return month === name || month.slice(0, 3) === name;
}

interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly fraction: number;
}

/** NaN for a date that no calendar has, such as February 30. */
function civilTime({ year, month, day, hour, minute, second, fraction }: CivilTime): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const isTime = hour < 24 && minute < 60 && second < 60;
  if (!isDate || !isTime) return Number.NaN;
  return date.getTime() + (hour * 60 + minute) * MINUTE + second * 1000 + Math.round(fraction * 1000);
}

const isoPattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$/u;

function readIso(field: string): number {
  const match = isoPattern.exec(field);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0"] = match;
  return civilTime({
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    fraction: Number(`0.${fraction}`),
  });
}

/** A calendar feature of a time, from 0. */
export function dateFeature(time: number, feature: DateFeature): number {
  const date = new Date(time);
  switch (feature) {
    case "minute":
      return date.getUTCMinutes();
    case "hour":
      return date.getUTCHours();
    case "weekday":
      return (date.getUTCDay() + 6) % 7;
    case "day":
      return date.getUTCDate() - 1;
    case "day_of_year":
      // Date.UTC has the years 0 to 99 in the 20th century.
      return Math.floor((time - new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1)) / DAY);
    case "month":
      return date.getUTCMonth();
    case "quarter":
      return Math.floor(date.getUTCMonth() / 3);
  }
}

/** Formats that a field may have, the likeliest first. */
const usual = [
  "%d.%m.%Y",
  "%d.%m.%Y %H:%M",
  "%d.%m.%Y %H:%M:%S",
  "%d.%m.%y",
  "%m/%d/%Y",
  "%d/%m/%Y",
  "%m/%d/%Y %H:%M",
  "%d/%m/%Y %H:%M",
  "%m/%d/%Y %I:%M %p",
  "%d-%m-%Y",
  "%Y/%m/%d",
  "%Y/%m/%d %H:%M",
  "%Y.%m.%d",
  "%Y%m%d",
  "%Y%m",
  "%d %b %Y",
  "%d %B %Y",
  "%b %d, %Y",
  "%B %d, %Y",
  "%d-%b-%Y",
  "%d-%B-%Y",
  "%d-%b-%y",
  "%b %Y",
  "%B %Y",
  "%b-%Y",
  "%B-%Y",
  "%b-%y",
  "%b-%d",
  "%m/%Y",
  "%m-%Y",
  "%H:%M",
  "%H:%M:%S",
  "%m/%d/%y",
  "%d/%m/%y",
  "%Y-%m",
  "%YQ%q",
  "%Y-Q%q",
  "%Y Q%q",
  "Q%q %Y",
  "%G-W%V",
  "%GW%V",
];

let usualReaders: readonly (readonly [string, DateReader])[] | undefined;

/** The usual formats of a field. */
export function formatsOf(field: string): readonly string[] {
  usualReaders ??= usual.map((format) => [format, dateReader(format)] as const);
  return usualReaders.flatMap(([format, read]) => (Number.isNaN(read(field)) ? [] : [format]));
}
