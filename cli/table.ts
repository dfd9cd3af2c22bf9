/** Tables without borders: aligned columns under dim headings. */
import Table from "cli-table3";
import type { Colors } from "./output.js";

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

export function tableText(colors: Colors, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: columns.map((column) => colors.dim(column.title)),
    colAligns: columns.map((column) => column.align ?? "left"),
    chars: borderCharacters,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
