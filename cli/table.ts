/** Tables without borders: aligned columns under dim headings, as wide as the terminal. */
import Table from "cli-table3";
import type { Colors } from "./output.js";
import { columnsOf, displayWidth, wrapText } from "./wrap-text.js";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

const empty = "";
const borderCharacters = {
  top: empty,
  "top-mid": empty,
  "top-left": empty,
  "top-right": empty,
  bottom: empty,
  "bottom-mid": empty,
  "bottom-left": empty,
  "bottom-right": empty,
  left: empty,
  "left-mid": empty,
  mid: empty,
  "mid-mid": empty,
  right: empty,
  "right-mid": empty,
  middle: "  ",
};

const gap = 2;

/**
 * @param width columns of the output. Cells are wrapped at spaces to fit into it; a table whose words do not fit is a list
 * of its rows.
 */
export function tableText(
  colors: Colors,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = columnsOf(process.stdout),
): string {
  const widths = fittingWidths(columns, rows, width);
  if (widths === undefined) return listText(colors, columns, rows, width);
  const table = new Table({
    head: columns.map((column) => colors.dim(column.title)),
    colAligns: columns.map((column) => column.align ?? "left"),
    chars: borderCharacters,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  const wrap = (cell: string, column: number) => wrapText(cell, widths[column] ?? width);
  table.push(...rows.map((row) => row.map(wrap)));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** The widths of the columns, the widest narrowed until the table fits; undefined if its words are too long. */
function fittingWidths(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly number[] | undefined {
  const longest = (separator: RegExp) =>
    columns.map(({ title }, column) =>
      rows.reduce(
        (length, row) => Math.max(length, ...(row[column] ?? "").split(separator).map(displayWidth)),
        displayWidth(title),
      ),
    );
  const widths = longest(/\n/);
  const available = width - gap * (columns.length - 1);
  const total = () => widths.reduce((sum, columnWidth) => sum + columnWidth, 0);
  if (total() <= available) return widths;
  const wordWidths = longest(/\s/);
  while (total() > available) {
    const [widest] = [...widths.keys()]
      .filter((column) => (widths[column] ?? 0) > (wordWidths[column] ?? 0))
      .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** Each row as its first cell and, indented, the others with their titles. */
function listText(
  colors: Colors,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  const lines = rows.flatMap(([first = "", ...others]) => [
    first,
    ...others.flatMap((cell, index) => {
      const title = columns[index + 1]?.title ?? "";
      return cell === "" ? [] : [`  ${title === "" ? "" : `${colors.dim(title)}: `}${cell.replaceAll("\n", " ")}`];
    }),
  ]);
  return wrapText(lines.join("\n"), width);
}
