/** Values of typed columns as the fields of a text table: numbers that read back as they are, dates by ISO 8601, empty for no value. */

/** The field of a value that is no date or decimal number. */
export function fieldOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "object")
    return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}` : inner));
  return String(value);
}

/** A date: 2024-05-01. @param days since 1970-01-01. */
export function dayField(days: number): string {
  return isoText(days * 86_400_000).slice(0, 10);
}

/** Decimal places of a second, by their number in it. */
const places: Readonly<Record<string, number>> = { "1": 0, "1000": 3, "1000000": 6, "1000000000": 9 };

/**
 * A point in time: 2024-05-01 09:30:00, with a fraction of a second where it has one. @param count of units since
 * 1970-01-01. @param perSecond units in a second: 1, 1e3, 1e6 or 1e9.
 */
export function timestampField(count: bigint, perSecond: number): string {
  const unit = BigInt(perSecond);
  const seconds = count >= 0n || count % unit === 0n ? count / unit : count / unit - 1n;
  const fraction = count - seconds * unit;
  const text = isoText(Number(seconds) * 1000)
    .slice(0, 19)
    .replace("T", " ");
  const digits = `${fraction}`.padStart(places[perSecond] ?? 0, "0").replace(/0+$/, "");
  return digits === "" ? text : `${text}.${digits}`;
}

function isoText(milliseconds: number): string {
  const date = new Date(milliseconds);
  // Years beyond 9999 have more digits, and are no dates of data.
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** A decimal number of an integer and a scale: 1234 and 2 are 12.34. */
export function decimalField(unscaled: bigint, scale: number): string {
  const [sign, digits] = unscaled < 0n ? ["-", `${-unscaled}`] : ["", `${unscaled}`];
  if (scale <= 0) return `${sign}${digits}${"0".repeat(-scale)}`;
  const padded = digits.padStart(scale + 1, "0");
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}
