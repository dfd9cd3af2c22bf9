/** Numbers in the fields of CSV files: the notation that is read, markers of missing values, and other notations. */

// Unambiguous for every character, so long fields cause no backtracking.
const numberPattern = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const missingMarkers = new Set(["", "na", "n/a", "nan", "null", "none"]);

/** The number that a field holds; NaN when it holds none. */
export function parseNumber(field: string): number {
  return numberPattern.test(field) ? Number(field) : Number.NaN;
}

/** True for the usual markers of a missing value. */
export function isMissing(field: string): boolean {
  return missingMarkers.has(field.toLowerCase());
}

export interface Notation {
  /** A noun: "a decimal comma". */
  readonly name: string;
  /** The same number in the notation that is read. */
  readonly plain: string;
  /** The setting that reads the notation: `data.decimal to ","`; null for none. */
  readonly setting: string | null;
}

const signed = "[+-]?";
// A group of thousands never starts with 0: 0,037 has a decimal comma.
const separated = String.raw`[1-9]\d{0,2}(?:[,.'\u2019 \u00a0\u202f]\d{3})+`;
const thousands = new RegExp(
  String.raw`^${signed}(?:[1-9]\d{0,2}(?:([,'\u2019 \u00a0\u202f])\d{3})(?:\1\d{3})*(?:\.\d+)?|[1-9]\d{0,2}(?:\.\d{3}){2,})$`,
  "u",
);
const decimalComma = new RegExp(`^${signed}(?:\\d*,\\d+|${separated},\\d+)$`, "u");

/** A currency before or after a number, or a percent sign after it. */
const unitPattern = /^(?:([€$£¥₹])\s*([^€$£¥₹%]+)|([^€$£¥₹%]+?)\s*([€$£¥₹%]))$/u;

/** A negative number of accounts. */
const parentheses = /^\(([^()]+)\)$/u;

/** The notation of a field that is no number here; undefined if it does not look like a number. */
export function notationOf(field: string): Notation | undefined {
  const [, negative] = parentheses.exec(field) ?? [];
  if (negative !== undefined) {
    const plain = numberPattern.test(negative) ? negative : notationOf(negative)?.plain;
    return plain === undefined || /^[+-]/.test(plain)
      ? undefined
      : { name: "parentheses for a minus sign", plain: `-${plain}`, setting: null };
  }
  const [, before, amount, number = amount, after = before] = unitPattern.exec(field) ?? [];
  if (number !== undefined && after !== undefined) {
    const plain = /^[+-]?\d+(?:\.\d+)?$/u.test(number) ? number : notationOf(number)?.plain;
    const setting = `the unit of the column in data.columns to "${after}"`;
    const name = after === "%" ? "a percent sign" : `the unit ${after}`;
    return plain === undefined ? undefined : { name, plain, setting };
  }
  if (thousands.test(field)) {
    const isPointed = field.split(".").length > 2;
    const plain = field.replace(isPointed ? /\./gu : /[,'’ \u00a0\u202f]/gu, "");
    return { name: "a thousands separator", plain, setting: separatorSetting(field) };
  }
  if (!decimalComma.test(field)) return undefined;
  const [whole = "", fraction = ""] = [field.slice(0, field.lastIndexOf(",")), field.slice(field.lastIndexOf(",") + 1)];
  const groups = /^[+-]?\d*$/u.test(whole) ? "" : `, and ${separatorSetting(whole)}`;
  const plain = `${whole.replace(/[^\d+-]/gu, "") || "0"}.${fraction}`;
  return { name: "a decimal comma", plain, setting: `data.decimal to ","${groups}` };
}

/** The setting of a number in groups of digits. */
function separatorSetting(field: string): string {
  const mark = /[^\d+-]/u.exec(field)?.[0] ?? ",";
  const separator = /\s/u.test(mark) ? " " : mark === "’" ? "'" : mark;
  return `data.thousands to ${JSON.stringify(separator)}`;
}
