/** Predictions as a table for a terminal: one row each, without the probabilities of the other classes. */
import { entriesInOrder } from "../../../runtime/ordered-json.js";
import type { Prediction } from "../../../runtime/predict/format-predictions.js";
import { escapeLine } from "../../escape-controls.js";
import type { Colors } from "../../output.js";
import { tableText } from "../../table.js";

/** Limit of a text in a cell, in characters. */
const MAX_TEXT = 60;
/** Limit of the entries of a list in a cell. */
const MAX_ENTRIES = 24;
const MAX_ROWS = 1000;

/** @param isInline true for texts of the command line, whose lines have no numbers. */
export function predictionsText(
  colors: Colors,
  predictions: readonly Prediction[],
  isInline: boolean,
  width?: number,
): string {
  const rows = predictions.slice(0, MAX_ROWS);
  const keys = [...new Set(rows.flatMap((row) => entriesInOrder(row).map(([key]) => key)))].filter(
    (key) => !(isInline && key === "line") && rows.some((row) => isShown(row[key])),
  );
  const columns = keys.map((title) => ({ title: escapeLine(title), align: alignOf(rows.map((row) => row[title])) }));
  const cells = rows.map((row) => keys.map((key) => escapeLine(cellText(row[key]))));
  const table = tableText(colors, columns, cells, width);
  const left = predictions.length - rows.length;
  return left === 0 ? table : `${table}\n${colors.dim(`… ${left} more; --output writes all to a file.`)}`;
}

/** An object has one number for each class. */
function isShown(value: unknown): boolean {
  return value !== undefined && (Array.isArray(value) || typeof value !== "object" || value === null);
}

function alignOf(values: readonly unknown[]): "left" | "right" {
  return values.every((value) => typeof value === "number" || value === null || value === undefined) ? "right" : "left";
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(4))}`;
  if (!Array.isArray(value)) return clip(typeof value === "string" ? value : JSON.stringify(value));
  const entries = value
    .slice(0, MAX_ENTRIES)
    .map((entry) => (Array.isArray(entry) ? `(${cellText(entry)})` : cellText(entry)));
  return value.length > MAX_ENTRIES ? `${entries.join(" ")} …` : entries.join(" ");
}

function clip(text: string): string {
  const characters = [...text];
  return characters.length > MAX_TEXT ? `${characters.slice(0, MAX_TEXT - 1).join("")}…` : text;
}
