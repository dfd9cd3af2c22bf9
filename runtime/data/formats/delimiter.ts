/** Recognizes a CSV file whose fields have another delimiter than the one that it is read with. */
import { isMissing, notationOf, parseNumber } from "./number-notation.js";

/** Delimiters that a file may have in place of that of its format. */
export const delimiters = [";", "\t", "|", ","];

/**
 * The delimiter that splits the first two rows into equally many fields, at least two, where the format's does not. A
 * default delimiter that does is still wrong if it leaves a field that is no number, and another leaves none.
 *
 * @param header fields of the first row, or of the first row of values in a file without names.
 */
export function detectDelimiter(
  header: readonly string[],
  row: readonly string[],
  { delimiter, isDelimiterSet }: { readonly delimiter: string; readonly isDelimiterSet: boolean },
): string | undefined {
  const isSplit = header.length > 1 && header.length === row.length;
  if (isSplit && (isDelimiterSet || row.every(isNumberLike))) return undefined;
  return delimiters.find((candidate) => {
    if (candidate === delimiter) return false;
    const names = header.join(delimiter).split(candidate);
    const fields = row.join(delimiter).split(candidate);
    if (fields.length < 2 || names.length !== fields.length) return false;
    return !isSplit || fields.every((field) => isNumberLike(field.trim()));
  });
}

function isNumberLike(field: string): boolean {
  return isMissing(field) || !Number.isNaN(parseNumber(field)) || notationOf(field) !== undefined;
}

/** A delimiter in a message. */
export function formatDelimiter(delimiter: string): string {
  return delimiter === "\t" ? "tabs" : `"${delimiter}"`;
}
