/** The task of a data file and its target column: what a model reads and what it predicts. */

import { formatInteger, listFirst } from "../../../../runtime/format.js";
import { joinWithAnd, nearest, quote } from "../../../../schema/diagnostics/suggest.js";
import type { ColumnFacts, FileFacts } from "./file-facts.js";
import { oddLineOf } from "./odd-line.js";
import type { Panel } from "./panel.js";
import { areCategories } from "./table-kinds.js";

export type Task =
  | { readonly type: "classify"; readonly input: ColumnFacts; readonly target: ColumnFacts }
  | { readonly type: "tag"; readonly input: ColumnFacts; readonly target: ColumnFacts }
  | { readonly type: "score"; readonly input: ColumnFacts; readonly target: ColumnFacts }
  | { readonly type: "translate"; readonly input: ColumnFacts; readonly target: ColumnFacts }
  | {
      readonly type: "forecast";
      readonly inputs: readonly ColumnFacts[];
      readonly targets: readonly ColumnFacts[];
      /** Null for one series. */
      readonly panel: Panel | null;
    }
  | {
      readonly type: "classify_rows" | "predict_rows";
      readonly inputs: readonly ColumnFacts[];
      readonly target: ColumnFacts;
    };

export interface TaskFault {
  readonly message: string;
  readonly hint: string;
}

export type TaskResult = { readonly task: Task } | { readonly fault: TaskFault };

/** Different labels of a classification. */
const MAX_CLASSES = 100;
/** Mean characters of a text that is no name. */
const LONG_TEXT = 20;
/** Lines above the names of the columns. */
const MAX_TITLES = 8;
/** Columns that a message names. */
const MAX_NAMES = 20;
/** Words of a label. */
const MAX_LABEL_WORDS = 4;

/**
 * @param targetName null for a series of which all columns are predicted.
 * @param panel the series of a file of several; null for one, or none.
 */
export function taskOf(
  { columns, rows, total }: FileFacts,
  targetName: string | null,
  panel: Panel | null = null,
): TaskResult {
  const names = columns.map(({ name }) => name);
  if (targetName === null) {
    // Next to the times of a series all columns are predicted.
    const others = columns.filter((column) => !hasOrder(column) && column.kind !== "empty" && !column.isIdentifier);
    const areNumbers = others.every(({ tableKind, odd }) => tableKind?.type === "number" && odd === null);
    const hasOneTime = columns.filter(hasOrder).length <= 1;
    if (areNumbers && hasOneTime && others.length > 0)
      return { task: { type: "forecast", inputs: others, targets: others, panel: null } };
    const odd = oddLineOf({ columns, total });
    const choice = `dd --target with one of ${listed(names)}.`;
    if (odd === null) return fault("no column to predict is named", `A${choice}`);
    return fault(
      `no column to predict is named, and ${odd.evidence}`,
      `Remove line ${odd.line} if it has totals or units, or correct it; or a${choice}`,
    );
  }
  const target = columns.find(({ name }) => name === targetName) ?? columns[Number(targetName) - 1];
  if (target === undefined) {
    const repeated = names.filter((name) => name.startsWith(`${targetName} (column `));
    if (repeated.length > 1)
      return fault(`the file has several columns ${quote(targetName)}`, `Name one of them: ${quoteNames(repeated)}.`);
    const isBelow = columns.some(({ values }) => [...(values?.keys() ?? [])].slice(0, MAX_TITLES).includes(targetName));
    const closest = nearest(targetName, names);
    const hint = isBelow
      ? `A line below the first one has it: remove the lines above the names of the columns. `
      : closest === undefined
        ? ""
        : `Did you mean ${quote(closest)}? `;
    return fault(`the file has no column ${quote(targetName)}`, `${hint}Its columns are ${listed(names)}.`);
  }
  if (rows < 4) return fault(`the file has ${rows} rows, too few to train on`, "Use a file with more rows.");
  const labels = withMarkers(target);
  if (target.kind === "empty" || labels.values?.size === 1)
    return fault(`the column ${quote(target.name)} has one value only`, "Name a column with different values.");
  const isNumber = target.tableKind?.type === "number";
  if (target.odd !== null)
    return fault(
      `the column ${quote(target.name)} has numbers, but ${quote(target.odd.text)} on line ${target.odd.line} is none` +
        (target.odd.count > 1 ? ` (as ${formatInteger(target.odd.count - 1)} more)` : ""),
      "Correct the value, or leave the field empty.",
    );
  if (target.notation !== null && !isNumber) return notationFault(target, target.notation);
  if (target.kind === "objects")
    return fault(`the column ${quote(target.name)} has objects`, "Write their members as keys of the line.");
  if (target.kind === "vectors")
    return fault(`the column ${quote(target.name)} has lists of numbers`, "Use arrays data for such targets.");
  const others = columns.filter((column) => column !== target);
  const input = inputFor(others);
  const odd = others.find(({ kind, dates }) => kind === "text" && dates.odd !== null);
  const isLongText = input !== undefined && (input.kind !== "text" || input.characters >= LONG_TEXT);
  if (odd !== undefined && (!isLongText || input === odd)) return oddDateFault(odd);
  if (input?.kind === "text" && input.dates.formats.length > 0) return dateFault(input);
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
  const rowInputs = rowInputsOf(others);
  const inputs = rowInputs.filter(({ tableKind }) => tableKind?.type !== "text");
  /** Texts next to other columns, or to other texts. */
  const areTexts = rowInputs.length > Math.max(1, inputs.length);
  const unread = others.find(({ notation, tableKind }) => notation !== null && tableKind === null);
  // Of texts, signed integers and those with a point are labels too.
  if (input !== undefined && isLongText && inputs.length === 0 && !areTexts && areIntegers(labels, rows))
    return { task: { type: "classify", input, target: labels } };
  // Integers in the order of dates are counts; two of them are still classes.
  const hasTimes = others.some(hasOrder) || panel?.time.tableKind?.type === "date";
  const areCounts = isNumber && (labels.values?.size ?? 0) > 2 && !isLongText && hasTimes;
  if (isLabel(labels, rows) && (!isNumber || target.kind === "numbers") && !areCounts) {
    // Names of few kinds, such as colors, have less to read than numbers.
    const areNames = inputs.every(({ tableKind }) => tableKind?.type === "category") && inputs.length < 2;
    const isText = input !== undefined && (areNames || input.kind !== "text" || !isName(input, rows));
    if (isText && !areTexts) return { task: { type: "classify", input, target: labels } };
    if (unread?.notation) return notationFault(unread, unread.notation);
    if (rowInputs.length > 0) return { task: { type: "classify_rows", inputs: rowInputs, target: labels } };
    return noInput(others);
  }
  if (isNumber) {
    const isRead = input?.kind === "text" && input.tableKind === null;
    if (isRead && !areTexts && (input.characters >= LONG_TEXT || inputs.length === 0))
      return { task: { type: "score", input, target } };
    if (unread?.notation) return notationFault(unread, unread.notation);
    if (rowInputs.length > 0 && panel === null && !isSeries(target, columns, rows))
      return { task: { type: "predict_rows", inputs: rowInputs, target } };
    // A short series has too few periods for its calendar.
    const past = (panel === null ? others : withSeriesNames(others, panel, rows)).filter(({ tableKind, ...column }) =>
      tableKind?.type === "number"
        ? column.name !== panel?.time.name && column.order.time === null && !column.isIdentifier
        : isRowInput({ tableKind, ...column }) &&
          (tableKind?.type !== "date" || (panel?.shortest ?? rows) >= LONG_SERIES),
    );
    return { task: { type: "forecast", inputs: [...past, target], targets: [target], panel } };
  }
  if (input?.kind === "text") return { task: { type: "translate", input, target } };
  return fault(
    `the column ${quote(target.name)} has texts, and the file has no other text to predict them from`,
    "Name another column, or add the source texts.",
  );
}

/** The columns with the integers that name series as categories, without those of too many series. */
function withSeriesNames(columns: readonly ColumnFacts[], { groups }: Panel, rows: number): readonly ColumnFacts[] {
  return columns.flatMap((column) => {
    if (column.tableKind?.type !== "number" || !groups.includes(column)) return [column];
    return areCategories(column.values ?? new Map(), rows) ? [{ ...column, tableKind: { type: "category" } }] : [];
  });
}

/** The column of vectors or of a list, or that of the longest texts; undefined for numbers alone. */
function inputFor(columns: readonly ColumnFacts[]): ColumnFacts | undefined {
  const structured = columns.find(({ kind }) => kind === "vectors" || kind === "list");
  if (structured !== undefined) return structured;
  const [longest] = columns
    .filter(({ kind, values, isDate, notation }) => kind === "text" && values?.size !== 1 && !isDate && !notation)
    .sort((a, b) => b.characters - a.characters);
  return longest;
}

/** True for a column that a model of single rows reads. */
function isRowInput({ tableKind, odd, isRowNumber, isIdentifier, values }: ColumnFacts): boolean {
  return tableKind !== null && odd === null && !isRowNumber && !isIdentifier && values?.size !== 1;
}

/** The columns that a model of single rows reads, with long texts of several words. A date has no value where it is missing. */
function rowInputsOf(columns: readonly ColumnFacts[]): readonly ColumnFacts[] {
  return columns.flatMap((column) => {
    const { kind, tableKind, missing, isDate, notation, characters, lengths } = column;
    if (isRowInput(column)) return tableKind?.type === "date" && missing > 0 ? [] : [column];
    const isText = kind === "text" && tableKind === null && !isDate && notation === null;
    const hasWords = lengths.some((length) => length > MAX_LABEL_WORDS);
    return isText && hasWords && characters >= LONG_TEXT ? [{ ...column, tableKind: { type: "text" } }] : [];
  });
}

function isName(column: ColumnFacts, rows: number): boolean {
  return column.tableKind !== null || isLabel(column, rows);
}

/** Rows of a series whose dates are read. */
const LONG_SERIES = 100;
/** A correlation of successive values that independent rows seldom have. */
const CORRELATED = 0.35;

/** Rows of the shortest series without dates. */
export const MIN_SERIES = 20;

/** True for the times of a series: dates in one order or of one step, or years or seconds that rise from row to row. */
export function hasOrder({ isOrderedDate, order }: ColumnFacts): boolean {
  return isOrderedDate || order.time !== null;
}

/** True for rows in the order of time: by dates in one order, or by related successive values of an unsorted target. */
function isSeries(target: ColumnFacts, columns: readonly ColumnFacts[], rows: number): boolean {
  if (columns.some(hasOrder)) return true;
  const { correlation, isSorted } = target.order;
  return rows >= MIN_SERIES && !isSorted && correlation > Math.max(CORRELATED, 2 / Math.sqrt(rows));
}

/** True for few different values, each of a few words: names, or small integers. */
function isLabel({ kind, values, lengths }: ColumnFacts, rows: number): boolean {
  if (values === null || values.size > Math.min(MAX_CLASSES, Math.max(2, rows / 2))) return false;
  if (lengths.some((length) => length > MAX_LABEL_WORDS)) return false;
  return kind !== "numbers" || (values.size <= 20 && [...values.keys()].every((value) => /^\d+$/.test(value)));
}

/** True for a few integers in one notation each, such as -1 and 1, or 1.0 and 0.0. */
function areIntegers({ kind, values }: ColumnFacts, rows: number): boolean {
  if (kind !== "numbers" || values === null || values.size > Math.min(20, rows / 2)) return false;
  const texts = [...values.keys()];
  return texts.every((text) => /^-?\d+(?:\.0+)?$/.test(text)) && new Set(texts.map(Number)).size === texts.length;
}

/** Labels of texts may be names such as "none". */
function withMarkers(target: ColumnFacts): ColumnFacts {
  if (target.values === null || target.kind !== "text") return target;
  const marked = [...target.markers.values()].reduce((sum, count) => sum + count, 0);
  return { ...target, values: new Map([...target.values, ...target.markers]), missing: target.missing - marked };
}

function noInput(others: readonly ColumnFacts[]): TaskResult {
  const objects = others.filter(({ kind }) => kind === "objects").map(({ name }) => name);
  const hint =
    objects.length === 0
      ? "Add a column of text or of numbers."
      : `Write the members of ${quoteNames(objects)} as keys of the line.`;
  return fault("the file has no column to predict from", hint);
}

function notationFault(
  { name }: ColumnFacts,
  { example, name: notation, plain }: NonNullable<ColumnFacts["notation"]>,
) {
  return fault(`the column ${quote(name)} has numbers with ${notation}, such as ${example}`, `Write ${plain}.`);
}

function oddDateFault({ name, dates: { odd } }: ColumnFacts): TaskResult {
  const { text = "", line = 0, count = 1, isImpossible = false } = odd ?? {};
  const what = isImpossible ? "is a date that does not exist" : "is none";
  const others = count > 1 ? ` (as ${formatInteger(count - 1)} more)` : "";
  return fault(
    `the column ${quote(name)} has dates, but ${quote(text)} on line ${line} ${what}${others}`,
    isImpossible ? "Correct the date, or remove the line." : "Write a date, or remove the line.",
  );
}

function dateFault({ name, values, dates: { formats } }: ColumnFacts): TaskResult {
  const [example = ""] = values?.keys() ?? [];
  return fault(
    `the column ${quote(name)} has dates of several formats: ${quote(example)} is ${formats.map(quote).join(" or ")}`,
    'Write the dates as 2024-01-31, or write a spec of the column with { "type": "date", "format": … }.',
  );
}

function listed(names: readonly string[]): string {
  return names.length > MAX_NAMES ? listFirst(names, MAX_NAMES) : joinWithAnd(names);
}

function quoteNames(names: readonly string[]): string {
  return joinWithAnd(names.map((name) => quote(name)));
}

/** The columns that a task does not read. */
export function unreadColumns(task: Task, columns: readonly ColumnFacts[]): readonly ColumnFacts[] {
  const read = [
    ...("input" in task ? [task.input] : task.inputs),
    ...("target" in task ? [task.target] : task.targets),
  ];
  return columns.filter(({ name }) => !read.some((column) => column.name === name));
}

function fault(message: string, hint: string): TaskResult {
  return { fault: { message, hint } };
}
