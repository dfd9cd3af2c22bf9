/** The task of a data file and its target column: what a model reads and what it predicts. */
import { joinWithAnd, nearest, quote } from "../../../../schema/diagnostics/suggest.js";
import type { ColumnFacts, FileFacts } from "./file-facts.js";

export type Task =
  | { readonly type: "classify"; readonly input: ColumnFacts; readonly target: ColumnFacts }
  | { readonly type: "tag"; readonly input: ColumnFacts; readonly target: ColumnFacts }
  | { readonly type: "score"; readonly input: ColumnFacts; readonly target: ColumnFacts }
  | { readonly type: "translate"; readonly input: ColumnFacts; readonly target: ColumnFacts }
  | { readonly type: "forecast"; readonly inputs: readonly ColumnFacts[]; readonly targets: readonly ColumnFacts[] }
  | { readonly type: "classify_rows"; readonly inputs: readonly ColumnFacts[]; readonly target: ColumnFacts };

export interface TaskFault {
  readonly message: string;
  readonly hint: string;
}

export type TaskResult = { readonly task: Task } | { readonly fault: TaskFault };

/** Different labels of a classification. */
const MAX_CLASSES = 100;
/** Mean characters of a text that is no name. */
const LONG_TEXT = 20;
/** Words of a label. */
const MAX_LABEL_WORDS = 4;

/** @param targetName null for a series of which all columns are predicted. */
export function taskOf({ columns, rows }: FileFacts, targetName: string | null): TaskResult {
  const names = columns.map(({ name }) => name);
  const numbers = columns.filter(({ kind }) => kind === "numbers");
  if (targetName === null) {
    if (numbers.length === columns.length) return { task: { type: "forecast", inputs: numbers, targets: numbers } };
    return fault("no column to predict is named", `Add --target with one of ${joinWithAnd(names)}.`);
  }
  const target = columns.find(({ name }) => name === targetName) ?? columns[Number(targetName) - 1];
  if (target === undefined) {
    const closest = nearest(targetName, names);
    const hint = closest === undefined ? "" : `Did you mean ${quote(closest)}? `;
    return fault(`the file has no column ${quote(targetName)}`, `${hint}Its columns are ${joinWithAnd(names)}.`);
  }
  if (rows < 4) return fault(`the file has ${rows} rows, too few to train on`, "Use a file with more rows.");
  if (target.kind === "empty" || target.values?.size === 1)
    return fault(`the column ${quote(target.name)} has one value only`, "Name a column with different values.");
  if (target.kind === "vectors")
    return fault(`the column ${quote(target.name)} has lists of numbers`, "Use arrays data for such targets.");
  const others = columns.filter((column) => column !== target);
  const input = inputFor(others);
  const isTagged = (column: ColumnFacts) =>
    column.lengths.length === target.lengths.length &&
    column.lengths.every((length, row) => length === target.lengths[row]) &&
    target.lengths.some((length) => length > 1);
  // Texts of as many words may also be translations, which have about as many different words.
  const tagged = others.find(
    (column) =>
      isTagged(column) &&
      (target.kind === "list" ? column.kind !== "numbers" : column.kind === "text" && target.words * 2 <= column.words),
  );
  if (tagged !== undefined) return { task: { type: "tag", input: tagged, target } };
  if (target.kind === "list")
    return fault(
      `the lists of ${quote(target.name)} do not have one entry for each word or entry of another column`,
      "Tags need one entry for each step.",
    );
  if (isLabel(target, rows)) {
    if (input !== undefined) return { task: { type: "classify", input, target } };
    const inputs = others.filter(({ kind }) => kind === "numbers");
    if (inputs.length > 0) return { task: { type: "classify_rows", inputs, target } };
    return fault("the file has no column to predict from", "Add a column of text or of numbers.");
  }
  if (target.kind === "numbers") {
    if (input?.kind === "text" && (input.characters >= LONG_TEXT || !numbers.some((column) => column !== target)))
      return { task: { type: "score", input, target } };
    const inputs = others.filter(({ kind }) => kind === "numbers");
    return { task: { type: "forecast", inputs: [...inputs, target], targets: [target] } };
  }
  if (input?.kind === "text") return { task: { type: "translate", input, target } };
  return fault(
    `the column ${quote(target.name)} has texts, and the file has no other text to predict them from`,
    "Name another column, or add the source texts.",
  );
}

/** The column of vectors or of a list, or that of the longest texts; undefined for numbers alone. */
function inputFor(columns: readonly ColumnFacts[]): ColumnFacts | undefined {
  const structured = columns.find(({ kind }) => kind === "vectors" || kind === "list");
  if (structured !== undefined) return structured;
  const [longest] = columns
    .filter(({ kind, values }) => kind === "text" && values?.size !== 1)
    .sort((a, b) => b.characters - a.characters);
  const isDate = /^\d{4}-\d{2}-\d{2}/.test([...(longest?.values?.keys() ?? [])][0] ?? "");
  return isDate ? undefined : longest;
}

/** True for few different values, each of a few words: names, or small integers. */
function isLabel({ kind, values, lengths }: ColumnFacts, rows: number): boolean {
  if (values === null || values.size > Math.min(MAX_CLASSES, Math.max(2, rows / 2))) return false;
  if (lengths.some((length) => length > MAX_LABEL_WORDS)) return false;
  return kind !== "numbers" || (values.size <= 20 && [...values.keys()].every((value) => /^\d+$/.test(value)));
}

function fault(message: string, hint: string): TaskResult {
  return { fault: { message, hint } };
}
