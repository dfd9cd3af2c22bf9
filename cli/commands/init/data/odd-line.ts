/** A line of a file that is no row of data: totals, units, or one value unlike the others of its column. */
import { quote } from "../../../../schema/diagnostics/suggest.js";
import type { FileFacts } from "./file-facts.js";

/** The line with its evidence; null for none. */
export interface OddLine {
  readonly line: number;
  /** A clause without a full stop. */
  readonly evidence: string;
}

/** The row of totals, or the first line of a value that is unlike the others of its column. */
export function oddLineOf({ columns, total }: Pick<FileFacts, "columns" | "total">): OddLine | null {
  if (total !== null) return { line: total.line, evidence: `line ${total.line} begins with ${quote(total.text)}` };
  const lines = columns.flatMap(({ name, odd, dates }) => {
    if (odd === null && dates.odd === null) return [];
    const { text, line } = odd ?? dates.odd ?? { text: "", line: 0 };
    const kind = odd === null ? "date" : "number";
    return [{ line, evidence: `${quote(text)} in ${quote(name)} on line ${line} is no ${kind}` }];
  });
  return lines.sort((a, b) => a.line - b.line)[0] ?? null;
}
