/** Text in lines as wide as a terminal. */
import { stripVTControlCharacters } from "node:util";

/** Columns of a terminal; infinite for a file or a pipe. */
export function columnsOf({ isTTY, columns }: Pick<NodeJS.WriteStream, "isTTY" | "columns">): number {
  return isTTY === true ? columns || 80 : Number.POSITIVE_INFINITY;
}

/** Columns of a text on a terminal, without its colors. */
export function displayWidth(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/**
 * Breaks lines at spaces, so that the terminal does not break them inside words. Continued lines have the indentation of
 * their line. A word that is longer than a line, such as a path, stays whole.
 */
export function wrapText(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => (displayWidth(line) <= columns ? line : wrapLine(line, columns)))
    .join("\n");
}

function wrapLine(line: string, columns: number): string {
  const leading = /^ */.exec(line)?.[0] ?? "";
  const indentation = leading.length * 2 > columns ? "" : leading;
  const lines: string[] = [];
  let current = leading;
  let gap = "";
  for (const [, word = "", spaces = ""] of line.slice(leading.length).matchAll(/([^ ]+)( *)/g)) {
    const isFirst = current.trim() === "";
    if (!isFirst && displayWidth(current + gap + word) > columns) {
      lines.push(current);
      current = indentation + word;
    } else current += (isFirst ? "" : gap) + word;
    gap = spaces;
  }
  return [...lines, current].join("\n");
}
