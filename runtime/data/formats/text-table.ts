/** CSV files of texts, whose delimiter is that of the spec, that of the file's extension, or another one that is detected. */
import type { RunProblem } from "../../problem.js";
import type { CsvFormat, RowVisitor } from "./csv.js";
import { formatDelimiter } from "./delimiter.js";
import { readTableFile } from "./table-file.js";
import type { NamedFile } from "./utf8-reader.js";

export interface TextTable {
  /** Of the file's extension. */
  readonly usual: string;
  /** Of the spec; null where it has none. */
  readonly delimiter: string | null;
  readonly header: boolean;
}

/**
 * Reads a file and returns its problems.
 *
 * @param note receives a notice where the delimiter is detected.
 */
export async function readTextTable(
  source: NamedFile,
  { usual, delimiter, header }: TextTable,
  note: (notice: string) => void,
  visitor: RowVisitor,
): Promise<readonly RunProblem[]> {
  let detected: string | undefined;
  const formatOf = (own: string, isDelimiterSet: boolean): CsvFormat => ({
    delimiter: own,
    isDelimiterSet,
    delimiterHint(found) {
      detected = found;
      return `Set data.delimiter to ${JSON.stringify(found)}.`;
    },
    comment: "",
    header,
  });
  const problems = await readTableFile(source, formatOf(delimiter ?? usual, delimiter !== null), visitor, note);
  // The delimiter is detected before the visitor receives anything.
  if (detected === undefined || delimiter !== null) return problems;
  note(`The fields of "${source.file}" are separated by ${formatDelimiter(detected)}.`);
  return readTableFile(source, formatOf(detected, true), visitor);
}
