/** Readers of the fields of a column by its kind: a number for each field. */
import type { NormalBooleanColumn, NormalColumnKind, NormalTableData } from "../../../schema/normal/index.js";
import { intern } from "../labels.js";
import { dateReader, formatsOf } from "./date-values.js";
import { type NumberReader, numberFormat, numberReader } from "./number-marks.js";
import { isMissing, parseNumber } from "./number-notation.js";

export interface FieldReader extends NumberReader {
  /** Reads a field that is a number by its type: a column of numbers in no notation. */
  readonly readNumber: (field: string) => number;
  /** The texts of a column of categories by their numbers. */
  readonly texts: () => readonly string[];
}

/** @param kind null for a column of numbers in the table's notation. */
export function fieldReader(
  kind: NormalColumnKind | null,
  table: Pick<NormalTableData, "decimal" | "thousands">,
): FieldReader {
  const none = { texts: () => [] };
  const own = (reader: NumberReader): FieldReader => ({ ...reader, ...none, readNumber: reader.read });
  switch (kind?.type) {
    case undefined:
      return { ...own(numberReader(numberFormat(table))), readNumber: parseNumber };
    case "number":
      return { ...own(numberReader(numberFormat(table, kind))), readNumber: parseNumber };
    case "category":
    case "text":
      return categoryReader();
    case "boolean":
      return own(booleanReader(kind));
    case "date":
      return own(dateFieldReader(kind.format));
  }
}

/** Numbers by first appearance. An empty field is a text too. */
function categoryReader(): FieldReader {
  const numbers = new Map<string, number>();
  const read = (field: string) => intern(numbers, field);
  return {
    read,
    readNumber: read,
    isMissing: () => false,
    faultOf: () => undefined,
    texts: () => [...numbers.keys()],
  };
}

const usualTrue = ["true", "yes", "y", "t", "on", "1"];
const usualFalse = ["false", "no", "n", "f", "off", "0"];

function booleanReader({ true: yes, false: no }: NormalBooleanColumn): NumberReader {
  const lower = (texts: readonly string[]) => texts.map((text) => text.trim().toLowerCase());
  // Spellings of the column's own come first.
  const values = new Map([
    ...usualFalse.map((text) => [text, 0] as const),
    ...usualTrue.map((text) => [text, 1] as const),
    ...lower(no ?? []).map((text) => [text, 0] as const),
    ...lower(yes ?? []).map((text) => [text, 1] as const),
  ]);
  return {
    read: (field) => values.get(field.toLowerCase()) ?? Number.NaN,
    isMissing: (field) => isMissing(field) && !values.has(field.toLowerCase()),
    faultOf: () => ({
      what: "which is neither true nor false",
      hint: 'Add it to the lists "true" or "false" of the column, or correct the file.',
    }),
  };
}

function dateFieldReader(format: string | null): NumberReader {
  return {
    read: dateReader(format),
    isMissing,
    faultOf(field) {
      const what = format === null ? "which is no date as in ISO 8601" : `which is no date of the format "${format}"`;
      const formats = (/^\d{10}$/.test(field) ? ["%s"] : formatsOf(field)).map((each) => `"${each}"`);
      const isSerial = /^[34]\d{4}(?:\.\d+)?$/.test(field);
      const hint = isSerial
        ? "It looks like the number of a day in a spreadsheet: export the dates as 2024-12-31."
        : formats.length === 0
          ? 'Write dates as 2024-12-31, or set "format" of the column.'
          : `Set "format" of the column to ${formats.join(" or ")}.`;
      return { what, hint: format === null ? hint : "Correct the file, or the format of the column." };
    },
  };
}
