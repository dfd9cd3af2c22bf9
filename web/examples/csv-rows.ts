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
  const endField = () => {
    fields.push(wasQuoted ? field : field.trim());
    [field, wasQuoted] = ["", false];
  };
  const endRow = () => {
    endField();
    const isComment = comment !== "" && fields[0]?.startsWith(comment) === true;
    if (!isComment && fields.some((each) => each !== "")) rows.push({ fields, line: first });
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
  return rows;
}
