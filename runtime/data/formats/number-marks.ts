/** Numbers with a decimal mark, separators of thousands, and a unit. */
import type { NormalNumberColumn, NormalTableData } from "../../../schema/normal/index.js";
import { shorten } from "./columns.js";
import { isMissing, type Notation, notationOf, parseNumber } from "./number-notation.js";

export interface NumberFormat {
  readonly decimal: string;
  /** "" for numbers without groups. */
  readonly thousands: string;
  readonly unit: string | null;
}

/** The format of a column; those of the table where it has none of its own. */
export function numberFormat(
  table: Pick<NormalTableData, "decimal" | "thousands">,
  column?: Pick<NormalNumberColumn, "decimal" | "thousands" | "unit">,
): NumberFormat {
  return {
    decimal: column?.decimal ?? table.decimal,
    thousands: column?.thousands ?? table.thousands ?? "",
    unit: column?.unit ?? null,
  };
}

export interface NumberReader {
  /** NaN for no number of the format. */
  readonly read: (field: string) => number;
  readonly isMissing: (field: string) => boolean;
  /** The fault of a field that is no number, with its way out; undefined for a text. */
  readonly faultOf: (field: string) => { readonly what: string; readonly hint: string } | undefined;
}

/** The readers of the fields of a column. */
export function numberReader({ decimal, thousands, unit }: NumberFormat): NumberReader {
  const isPlain = decimal === "." && thousands === "" && unit === null;
  const point = escaped(decimal);
  const group = thousands === " " ? String.raw`[ \u00a0\u202f]` : thousands === "'" ? "['’]" : escaped(thousands);
  const whole = thousands === "" ? String.raw`\d+` : String.raw`(?:[1-9]\d{0,2}(?:${group}\d{3})+|\d+)`;
  const pattern = new RegExp(`^[+-]?(?:${whole}(?:${point}\\d*)?|${point}\\d+)(?:e[+-]?\\d+)?$`, "iu");
  const groups = new RegExp(group, "gu");
  const withoutUnit = (field: string) => {
    if (unit === null) return field;
    if (field.endsWith(unit)) return field.slice(0, -unit.length).trim();
    const sign = /^[+-]/.exec(field)?.[0] ?? "";
    const rest = field.slice(sign.length);
    return rest.startsWith(unit) ? `${sign}${rest.slice(unit.length).trim()}` : undefined;
  };
  const plainNumber = (text: string) => {
    if (!pattern.test(text)) return Number.NaN;
    return Number((thousands === "" ? text : text.replace(groups, "")).replace(decimal, "."));
  };
  const read = (field: string) => plainNumber(withoutUnit(field) ?? "");
  return {
    read: isPlain ? parseNumber : read,
    isMissing,
    faultOf(field) {
      if (unit !== null && withoutUnit(field) === undefined && !Number.isNaN(plainNumber(field)))
        return { what: `without the unit ${unit}`, hint: "Write the unit in every row, or in none." };
      return notationFault(withoutUnit(field) ?? field, { decimal, thousands });
    },
  };
}

/** The setting that reads a notation, and the number to write without it. */
export function wayOut({ setting, plain }: Notation): string {
  return setting === null ? `Write ${shorten(plain)}` : `Set ${setting}; or write ${shorten(plain)}`;
}

function escaped(mark: string): string {
  return mark === "." ? String.raw`\.` : mark;
}

/** The fault of a number in another notation. */
function notationFault(field: string, { decimal, thousands }: Pick<NumberFormat, "decimal" | "thousands">) {
  const what = "which is not a number";
  const notation = notationOf(field);
  const isPlain = decimal === "." && thousands === "";
  if (notation !== undefined && isPlain)
    return {
      what,
      hint: `It looks like ${notation.name}. ${wayOut(notation)}.`,
    };
  if (isPlain || (notation === undefined && Number.isNaN(parseNumber(field)))) return undefined;
  const groups = thousands === "" ? "no separator of thousands" : `"${thousands}" between groups of three digits`;
  return { what, hint: `The column has the decimal mark "${decimal}" and ${groups}: write all of its numbers so.` };
}
