/** Rows of a CSV text in memory: quoted fields, comments and blank lines as in the files of training. */

export interface CsvRow {
  readonly fields: readonly string[];
  /** The row's first line in the text, from 1. */
  readonly line: number;
}

/** @param comment starts the lines that are left out; "" for none. */
export function csvRows(text: string, delimiter: string, comment: string): readonly CsvRow[] {
  const rows: CsvRow[] = [];
  let fields: string[] = [];
  let [field, isQuoted, wasQuoted, line, first] = ["", false, false, 1, 1];
  /** Of the last field of a row: "" in quotes is no blank line. */
  let isLastQuoted = false;
  const endField = () => {
    isLastQuoted = wasQuoted;
    fields.push(wasQuoted ? field : field.trim());
    [field, wasQuoted] = ["", false];
  };
  const endRow = () => {
    endField();
    const isComment = comment !== "" && fields[0]?.startsWith(comment) === true;
    const isBlank = fields.length === 1 && fields[0] === "" && !isLastQuoted;
    const isSeparator = first === 1 && /^"?sep=."?$/i.test(fields.join(delimiter));
    if (!isComment && !isBlank && !isSeparator) rows.push({ fields, line: first });
    fields = [];
    first = line + 1;
  };
  const plain = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  for (let at = 0; at < plain.length; at++) {
    const character = plain[at] ?? "";
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (plain[at + 1] === '"') field += plain[at++];
      else isQuoted = false;
    } else if (character === '"' && field.trim() === "") [field, isQuoted, wasQuoted] = ["", true, true];
    else if (character === delimiter) endField();
    else if (character === "\n") endRow();
    else if (!wasQuoted || character.trim() !== "") field += character;
    if (character === "\n") line += 1;
  }
  endRow();
  // Spreadsheets end with lines of separators alone.
  while (rows.at(-1)?.fields.every((each) => each === "") && rows.at(-1)?.fields.length !== 1) rows.pop();
  return rows;
}
