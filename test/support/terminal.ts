/** A terminal emulator: replays a recording of a command and gives the lines that a user would see, scrolled ones included. */

interface Row {
  readonly cells: string[];
  /** The terminal wrapped the row: the next row continues its line. */
  isWrapped: boolean;
}

/** The sequences that the emulator executes; any other escape sequence is an error. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are controlled by them.
const token = /\u001b\[([?\d;]*)([A-Za-z])|\u001b([78])|[\s\S]/gu;

/** Lines on a terminal of some size after the recording. A line that the terminal wrapped is one line. */
export function replayTerminal(recording: string, columns: number, height = 24): readonly string[] {
  const rows: Row[] = [];
  let [row, column, saved] = [0, 0, { row: 0, column: 0 }];
  let wraps = true;
  /** The first row on the screen: rows above have been scrolled out, and no sequence reaches them. */
  let top = 0;
  const rowAt = (index: number): Row => {
    while (rows.length <= index) rows.push({ cells: [], isWrapped: false });
    return rows[index] as Row;
  };
  const moveDown = () => {
    row += 1;
    if (row >= top + height) top += 1;
  };
  const put = (character: string) => {
    if (column >= columns) {
      if (wraps) {
        rowAt(row).isWrapped = true;
        moveDown();
        column = 0;
      } else column = columns - 1;
    }
    const { cells } = rowAt(row);
    while (cells.length < column) cells.push(" ");
    cells[column] = character;
    column += 1;
  };
  const erase = (from: number, to: number) => {
    const { cells } = rowAt(row);
    for (let index = from; index < Math.min(to, cells.length); index++) cells[index] = " ";
  };
  const execute = (final: string, parameters: string) => {
    const count = Math.max(1, Number(parameters) || 1);
    const position = Math.min(column, columns - 1);
    if (final === "m") return;
    if (parameters === "?7" && (final === "h" || final === "l")) wraps = final === "h";
    else if (parameters === "?25") return;
    else if (final === "A") row = Math.max(top, row - count);
    else if (final === "B") row = Math.min(top + height - 1, row + count);
    else if (final === "G") column = count - 1;
    else if (final === "K") {
      erase(parameters === "1" || parameters === "2" ? 0 : position, parameters === "1" ? position + 1 : columns);
      if (parameters === "2") rowAt(row).isWrapped = false;
    } else throw new Error(`The terminal does not know ESC [ ${parameters} ${final}.`);
  };
  for (const [text, parameters, final, cursor] of recording.matchAll(token)) {
    if (final !== undefined) execute(final, parameters ?? "");
    // The saved position is one of the screen: scrolling does not move it.
    else if (cursor === "7") saved = { row: row - top, column };
    else if (cursor === "8") [row, column] = [top + saved.row, saved.column];
    else if (text === "\n") {
      moveDown();
      column = 0;
    } else if (text === "\r") column = 0;
    else put(text);
  }
  const lines: string[] = [];
  let line = "";
  for (const { cells, isWrapped } of rows) {
    line += isWrapped ? cells.join("").padEnd(columns) : cells.join("");
    if (isWrapped) continue;
    lines.push(line.trimEnd());
    line = "";
  }
  return line === "" ? lines : [...lines, line.trimEnd()];
}
