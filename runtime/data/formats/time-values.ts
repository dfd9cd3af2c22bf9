/** The times of a column that orders rows: dates, or numbers such as years; read, and written like the first one. */
import { parseDateFormat } from "../../../schema/kinds/date-format.js";
import { dateReader, formatsOf, offsetReader, weekOf } from "./date-values.js";
import { parseNumber } from "./number-notation.js";

/** The notation of times. */
export interface TimeNotation {
  readonly isDate: boolean;
  /** As in strftime; null for ISO 8601, and for numbers. */
  readonly format: string | null;
  /** The first time of the column. */
  readonly example: string;
}

/** The notation of a field; the formats that it may have where it is none. */
export function timeNotation(
  field: string,
  format: string | null,
): TimeNotation | { readonly formats: readonly string[] } {
  if (format !== null || !Number.isNaN(dateReader(null)(field))) return { isDate: true, format, example: field };
  if (!Number.isNaN(parseNumber(field))) return { isDate: false, format, example: field };
  return { formats: formatsOf(field) };
}

/**
 * The number, or milliseconds since 1970 of a date in the zone of the column's first one, so that dates of several
 * offsets are compared as instants; NaN for another field.
 */
export function timeReader({ isDate, format, example }: TimeNotation): (field: string) => number {
  if (!isDate) return parseNumber;
  const [read, offsetOf] = [dateReader(format), offsetReader(format)];
  const zone = offsetOf(example) ?? 0;
  return (field) => read(field) + zone - (offsetOf(field) ?? zone);
}

/** True for dates with an offset from UTC, which may differ from row to row. */
export function hasOffset({ isDate, format, example }: TimeNotation): boolean {
  return isDate && offsetReader(format)(example) !== null;
}

/** A test for dates that have an offset from UTC where the column's first one has none, or the reverse. */
export function offsetCheck(notation: TimeNotation): (field: string) => boolean {
  if (!notation.isDate) return () => false;
  const offsetOf = offsetReader(notation.format);
  const isWanted = hasOffset(notation);
  return (field) => (offsetOf(field) !== null) !== isWanted;
}

const monthNames = "January February March April May June July August September October November December".split(" ");

/**
 * A time in the notation of a column.
 *
 * @param nearby a time of the column whose offset from UTC is written: that of the first one may be of another season.
 */
export function writeTime(time: number, notation: TimeNotation, nearby: string = notation.example): string {
  const { isDate, format } = notation;
  if (!isDate) return `${time}`;
  const offsetOf = offsetReader(format);
  const shift = (offsetOf(nearby) ?? 0) - (offsetOf(notation.example) ?? 0);
  const civil = time + shift;
  const iso = new Date(civil).toISOString();
  const [date = "", clock = ""] = iso.split("T");
  const hour = Number(clock.slice(0, 2));
  if (format === null) {
    const [, separator = "", seconds = "", zone = ""] =
      /^[\d-]+([T ]?)(?:\d\d:\d\d(:\d\d(?:[.,]\d+)?)?)?(.*)$/u.exec(nearby) ?? [];
    if (separator === "") return date;
    const written = seconds === "" ? clock.slice(0, 5) : clock.slice(0, seconds.length > 3 ? 12 : 8);
    return `${date}${separator}${written}${zone}`;
  }
  const dayOfYear = Math.floor((civil - new Date(0).setUTCFullYear(Number(date.slice(0, 4)), 0, 1)) / 86_400_000) + 1;
  const month = monthNames[Number(date.slice(5, 7)) - 1] ?? "";
  const texts: Readonly<Record<string, string>> = {
    Y: date.slice(0, 4),
    y: date.slice(2, 4),
    m: date.slice(5, 7),
    b: month.slice(0, 3),
    B: month,
    q: `${Math.ceil(Number(date.slice(5, 7)) / 3)}`,
    G: `${weekOf(civil).year}`,
    V: `${weekOf(civil).week}`.padStart(2, "0"),
    d: date.slice(8, 10),
    j: `${dayOfYear}`.padStart(3, "0"),
    H: clock.slice(0, 2),
    I: `${hour % 12 === 0 ? 12 : hour % 12}`.padStart(2, "0"),
    p: hour < 12 ? "AM" : "PM",
    M: clock.slice(3, 5),
    S: clock.slice(6, 8),
    f: clock.slice(9, 12),
    z: /(?:Z|[+-]\d{2}:?\d{2})$/u.exec(nearby)?.[0] ?? "Z",
    s: `${time / 1000}`,
  };
  const parsed = parseDateFormat(format);
  const parts = "parts" in parsed ? parsed.parts : [];
  return parts.map((part) => ("text" in part ? part.text : (texts[part.directive] ?? ""))).join("");
}
