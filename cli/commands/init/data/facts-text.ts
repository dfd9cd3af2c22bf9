/** The facts of a data file and its task as text, and as a record for programs. */

import { sortableDates } from "../../../../runtime/data/formats/dates.js";
import { parseNumber } from "../../../../runtime/data/formats/number-notation.js";
import { formatCount, formatInteger, listFirst } from "../../../../runtime/format.js";
import { joinWithAnd } from "../../../../schema/diagnostics/suggest.js";
import { escapeLine } from "../../../escape-controls.js";
import type { Colors } from "../../../output.js";
import { tableText } from "../../../table.js";
import type { ColumnFacts, FileFacts } from "./file-facts.js";
import { isTotalName } from "./row-facts.js";
import { hasOrder, MIN_SERIES, type Task, unreadColumns } from "./task.js";

const MAX_CLASSES = 12;
const MAX_EXAMPLE = 30;
const MAX_UNREAD = 12;
/** Names of columns that are dates, in a table with a series in each row. */
const MIN_DATES = 3;

export function factsText(colors: Colors, { rows, columns }: FileFacts): string {
  const cells = columns.map((column) => [
    escapeLine(column.name),
    column.kind,
    formatInteger(column.missing),
    column.kind === "list" || column.kind === "vectors" || column.kind === "objects"
      ? ""
      : column.values === null
        ? "many"
        : formatInteger(column.values.size),
    escapeLine(exampleOf(column)),
  ]);
  const titles = ["column", "kind", "missing", "values", "example"];
  const heads = titles.map(
    (title) => ({ title, align: title === "missing" || title === "values" ? "right" : "left" }) as const,
  );
  return `${formatCount(rows, "row")}\n\n${tableText(colors, heads, cells)}`;
}

function exampleOf({ kind, values, lengths }: ColumnFacts): string {
  if (kind === "objects") return "";
  if (kind === "list" || kind === "vectors") return formatCount(lengths[0] ?? 0, "entry").replace("entrys", "entries");
  const [first = ""] = values?.keys() ?? [];
  return first.length > MAX_EXAMPLE ? `${first.slice(0, MAX_EXAMPLE - 1)}…` : first;
}

/** One sentence about the model, the classes with their counts, and the columns that the model does not read. */
export function taskText(colors: Colors, task: Task, facts: FileFacts): string {
  const unread = unreadColumns(task, facts.columns).map(({ name }) => colors.bold(escapeLine(name)));
  const lines = [
    modelText(colors, task, facts),
    ...(unread.length === 0 ? [] : [`Not read: ${listFirst(unread, MAX_UNREAD)}.`]),
    ...oddTexts(task, facts),
    ...dateTexts(task, facts),
    ...doubtTexts(task, facts),
    ...firstLineText(task, facts),
    ...totalText(facts),
    ...totalSeriesTexts(task),
  ];
  return lines.join("\n");
}

/** The columns of numbers that are not read because of a few other values, and those of numbers that name a row. */
function oddTexts(task: Task, { columns }: FileFacts): readonly string[] {
  return unreadColumns(task, columns).flatMap(({ name, odd, isIdentifier, isRowNumber, isUnnamed }) => {
    const column = escapeLine(name);
    if (odd !== null) {
      const others = odd.count === 1 ? "" : ` (and ${formatInteger(odd.count - 1)} more)`;
      return [
        `${column} is not read: ${escapeLine(odd.text)} on line ${odd.line}${others} is no number, but ${formatInteger(odd.of - odd.count)} of its values are. Correct it, or leave the field empty.`,
      ];
    }
    if (isUnnamed && isIdentifier)
      return [`Column ${column} is not read: it has no name, and its numbers, each once, name the rows.`];
    return isIdentifier && !isRowNumber ? [`${column} is not read: its numbers, each once, name the rows.`] : [];
  });
}

/** The dates of a table that are not read because of missing ones, or are no series because of equal ones. */
function dateTexts(task: Task, { columns }: FileFacts): readonly string[] {
  if (!("inputs" in task) || (task.type === "forecast" && task.panel !== null)) return [];
  const unread = unreadColumns(task, columns);
  return columns.flatMap((column) => {
    const { dates, tableKind, missing } = column;
    if (tableKind?.type !== "date") return [];
    const name = escapeLine(column.name);
    if (missing > 0 && unread.includes(column)) {
      const lines = missing === 1 ? ` (line ${dates.missingLine})` : `, the first on line ${dates.missingLine}`;
      return [
        `${name} is not read: ${formatCount(missing, "row")} ${missing === 1 ? "has" : "have"} no date${lines}. Write dates, or remove such rows.`,
      ];
    }
    if (dates.repeated === null) return [];
    const { text, line, count } = dates.repeated;
    const others = count === 1 ? "" : ` (and ${formatInteger(count - 1)} more)`;
    return [
      `The dates of ${name} are in order, but line ${line} has ${escapeLine(text)} again${others}. For a series with "time", remove the line.`,
    ];
  });
}

/** The numbers that have two notations, with the one that is read. */
function doubtTexts(task: Task, { columns, decimalEvidence, delimiter }: FileFacts): readonly string[] {
  const unread = unreadColumns(task, columns);
  return columns.flatMap((column) => {
    const { name, doubt, tableKind } = column;
    if (doubt === null || tableKind?.type !== "number" || unread.includes(column)) return [];
    const { text, chosen, other, otherFormat } = doubt;
    const read = `${escapeLine(name)}: ${escapeLine(text)} is read as ${chosen}, not as ${other}`;
    if (decimalEvidence === "columns")
      return [`${read}, since other columns have the decimal mark "${tableKind.decimal}".`];
    const options = `{ "type": "number", "decimal": "${otherFormat.decimal}", "thousands": "${otherFormat.thousands}" }`;
    const separators = delimiter === ";" ? "semicolons" : "commas";
    const reason = decimalEvidence === "delimiter" ? `, since ${separators} separate the fields` : "";
    return [`${read}${reason}. Is it ${other}? Give the column the kind ${options} in data.columns.`];
  });
}

/** The doubt that the last row is an example like the others. */
function totalText({ total }: FileFacts): readonly string[] {
  if (total === null) return [];
  return [
    `The last row (line ${total.line}) begins with ${escapeLine(total.text)}, and is read as the others. If it has their sums, remove it.`,
  ];
}

/** The doubt that a series is one like the others. */
function totalSeriesTexts(task: Task): readonly string[] {
  if (task.type !== "forecast" || task.panel === null) return [];
  return task.panel.groups.flatMap(({ name, values }) =>
    [...(values ?? [])]
      .filter(([value]) => isTotalName(value))
      .map(([value, rows]) => {
        const what = `${escapeLine(name)} has ${escapeLine(value)} in ${formatCount(rows, "row")}, which are read as the others`;
        return `${what}. If they have the sums of the other series, remove them.`;
      }),
  );
}

/** The doubt that the first line has names of columns: some are numbers, or that of the classes is one of them. */
function firstLineText(task: Task, { format, columns }: FileFacts): readonly string[] {
  if (format === "json") return [];
  // A column without a name is known by its number.
  const numbers = columns.filter(({ name }, index) => name !== `${index + 1}` && !Number.isNaN(parseNumber(name)));
  const dates = columns.filter(({ name }) => sortableDates(name).some((date) => date !== undefined));
  if (dates.length >= MIN_DATES) {
    const [first, last] = [dates[0], dates.at(-1)].map((column) => escapeLine(column?.name ?? ""));
    return [
      `The names of ${formatInteger(dates.length)} columns are dates, from ${first} to ${last}: each row is a series. For forecasts write one row for each series and date.`,
    ];
  }
  const start = "The first line is read as names of columns, but";
  const wayOut = "set data.header to false and data.columns to numbers.";
  if (numbers.length > 0) {
    const names = numbers.map(({ name }) => `"${escapeLine(name)}"`);
    return [`${start} it has numbers: ${listFirst(names, 8)}. If it has values, ${wayOut}`];
  }
  if (task.type !== "classify" || task.target.values?.has(task.target.name) !== true) return [];
  const name = `"${escapeLine(task.target.name)}"`;
  return [`${start} ${name} is also a value of its column. Without names, ${wayOut}`];
}

function modelText(colors: Colors, task: Task, { rows, columns }: FileFacts): string {
  const nameOf = ({ name }: ColumnFacts) => colors.bold(escapeLine(name));
  const namesOf = (columns: readonly ColumnFacts[]) => joinWithAnd(columns.map(nameOf));
  const kindsOf = (list: readonly ColumnFacts[]) =>
    joinWithAnd(list.map((column) => `${nameOf(column)} (${kindText(column)})`));
  switch (task.type) {
    case "classify":
      return `A classifier: reads ${nameOf(task.input)} (${lengthsText(task.input)}), predicts ${nameOf(task.target)}.\n${classesText(task.target)}`;
    case "classify_rows":
      return `A classifier of single rows: reads ${kindsOf(task.inputs)}, predicts ${nameOf(task.target)}.\n${classesText(task.target)}`;
    case "predict_rows":
      return (
        `A model of a number of single rows: reads ${kindsOf(task.inputs)}, predicts ${nameOf(task.target)}.\n` +
        `The rows are read as independent: no column has dates in order, and ${independence(task.target, rows)}. ` +
        'For a series write "window" in data.'
      );
    case "tag":
      return `A tagger: reads ${nameOf(task.input)} (${lengthsText(task.input)}), predicts one entry of ${nameOf(task.target)} for each step.`;
    case "score":
      return `A model of a number: reads ${nameOf(task.input)} (${lengthsText(task.input)}), predicts ${nameOf(task.target)}.`;
    case "translate":
      return `A translator: reads ${nameOf(task.input)} (${lengthsText(task.input)}), writes ${nameOf(task.target)}.`;
    case "forecast":
      if (task.panel !== null) {
        const { time, groups, series } = task.panel;
        return (
          `A forecast of the next row of each series: reads the last rows of ${kindsOf(task.inputs)}, predicts ${namesOf(task.targets)}. ` +
          `${namesOf(groups)} ${groups.length === 1 ? "names" : "name"} ${formatInteger(series)} series, each in the order of ${nameOf(time)}.`
        );
      }
      return (
        `A forecast of the next row: reads the last rows of ${namesOf(task.inputs)}, predicts ${namesOf(task.targets)}. ` +
        `The ${formatCount(rows, "row")} are read as a series in the order of ${timeText(columns)}` +
        `${columns.some((column) => column.isOrderedDate && column.isDescendingDate) ? ", the newest first." : "."}` +
        (task.inputs.length > task.targets.length && !columns.some((column) => column.isDate || hasOrder(column))
          ? `\nFor independent rows, remove window, horizon and split.order, and leave ${namesOf(task.targets)} out of columns.`
          : "")
      );
  }
}

/** The time of a series: its column of numbers, or of dates, with their format where it is not ISO 8601. */
function timeText(columns: readonly ColumnFacts[]): string {
  const time = columns.find(hasOrder);
  if (time?.order.time && time.tableKind?.type !== "date")
    return `${escapeLine(time.name)} (${unitNames[time.order.time]})`;
  if (time === undefined) return "time";
  const format = time.tableKind?.type === "date" ? time.tableKind.format : null;
  return `the dates of ${escapeLine(time.name)}${format === null ? "" : `, ${format}`}`;
}

const unitNames = {
  dates: "dates",
  years: "years",
  seconds: "seconds since 1970",
  milliseconds: "milliseconds since 1970",
};

/** The reason why rows without dates are no series. */
function independence({ name, order: { correlation, isSorted } }: ColumnFacts, rows: number): string {
  if (isSorted) return `the rows are sorted by ${escapeLine(name)}`;
  if (rows < MIN_SERIES) return `there are fewer than ${MIN_SERIES} rows`;
  return `successive values of the target are unrelated (correlation ${correlation.toFixed(2)})`;
}

/** The kind of a column, with what is found of it. */
function kindText(column: ColumnFacts): string {
  const { tableKind, values } = column;
  switch (tableKind?.type) {
    case "number": {
      const { decimal, thousands, unit } = tableKind;
      const marks = decimal === "." && thousands === "" ? "" : ` as 1${thousands}234${decimal}5`;
      return `number${marks}${unit === null ? "" : ` in ${unit}`}`;
    }
    case "date":
      return `date${tableKind.format === null ? "" : ` ${tableKind.format}`}`;
    case "category":
      return `category, ${formatCount(values?.size ?? 0, "value")}`;
    case "text":
      return `text, ${lengthsText(column)}`;
    default:
      return tableKind?.type ?? "text";
  }
}

function lengthsText({ kind, lengths }: ColumnFacts): string {
  const [least, most] = lengths.reduce(([low, high], length) => [Math.min(low, length), Math.max(high, length)], [
    Number.POSITIVE_INFINITY,
    0,
  ] as readonly [number, number]);
  return `${least === most ? "" : `${formatInteger(least)} to `}${formatCount(most, kind === "text" ? "word" : "step")}`;
}

function classesText({ values }: ColumnFacts): string {
  const classes = [...(values ?? [])].sort(([, a], [, b]) => b - a);
  return `Classes: ${listFirst(
    classes.map(([name, count]) => `${escapeLine(name)} (${formatInteger(count)})`),
    MAX_CLASSES,
  )}.`;
}

export function factsRecord({ rows, columns }: FileFacts): object {
  return {
    rows,
    columns: columns.map(({ name, kind, missing, values, lengths }) => ({
      name,
      kind,
      missing,
      values: values?.size ?? null,
      longest: lengths.reduce((most, length) => Math.max(most, length), 0),
      ...(values !== null && values.size <= MAX_CLASSES && { counts: Object.fromEntries(values) }),
    })),
  };
}
