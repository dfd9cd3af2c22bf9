/** Data of a table: scaling, times and files as they are normalized, and the keys that need a window. */
import type { Report } from "../diagnostics/index.js";
import { quote } from "../diagnostics/suggest.js";
import { child } from "../json-pointer.js";
import { hasKinds, isScaledInModel, kindOf, textInputs } from "../kinds/columns.js";
import { parseDateFormat } from "../kinds/date-format.js";
import { predictsOwnRow, rowsAhead } from "../kinds/horizon.js";
import { isRowCount } from "../kinds/split.js";
import type { NormalData, NormalTableData, NormalTimeColumn } from "../normal/index.js";
import type { Spec } from "../spec.types.js";

/** The data with its file pattern, times and scaling in their normal form. */
export function withTableForm(data: Spec["data"]): Spec["data"] {
  return withDecode(withScale(withTime(withFilePattern(data))));
}

/** Rows that are fed back have dates of their own, which are then known ahead. */
function withDecode(data: Spec["data"]): Spec["data"] {
  if (data.type !== "table" || data.decode !== "autoregressive" || (data.known_future ?? null) !== null) return data;
  const { columns = null } = data as { readonly columns?: NormalTableData["columns"] };
  const hasDates = hasKinds(columns) && Object.values(columns).some(({ type }) => type === "date");
  return hasDates ? { ...data, known_future: [] } : data;
}

/** The data with its scaling as an object. */
function withScale(data: Spec["data"]): Spec["data"] {
  if (data.type !== "table") return data;
  const { scale = "none" } = data;
  if (scale === "none" || scale === null) return { ...data, scale: null };
  return { ...data, scale: typeof scale === "string" ? { type: scale, per: "column" } : { per: "column", ...scale } };
}

/** The data with the column of times as an object: a date in `columns` has its format. */
function withTime(data: Spec["data"]): Spec["data"] {
  if (data.type !== "table" || data.time === undefined || data.time === null) return data;
  const { time } = data;
  const { column, format = null } = typeof time === "object" ? time : { column: time };
  const kind = kindOf({ columns: (data.columns ?? null) as NormalTableData["columns"] }, column);
  return { ...data, time: { column, format: format ?? (kind?.type === "date" ? kind.format : null) } };
}

/** The data with a list of files as one pattern, `{a,b}`. */
function withFilePattern(data: Spec["data"]): Spec["data"] {
  if (data.type !== "table" || typeof data.file === "string") return data;
  const [first = "", ...others] = data.file;
  return { ...data, file: others.length === 0 ? first : `{${data.file.join(",")}}` };
}

/** Rows that are examples of their own have no steps in time. */
export function checkRows(data: NormalData, report: Report): void {
  if (data.type !== "table") return;
  if (data.time !== null) checkTime(data, data.time, report);
  if (isScaledInModel(data)) checkWindowScale(data, report);
  else if (data.scale?.type === "log") {
    const message = 'The scale "log" is that of windows or series, not of columns.';
    const hint = 'Write { "type": "log", "per": "window" } or "per": "series", or the type "standard".';
    report({ code: "table-scale", path: "/data/scale", message, hint });
  }
  if (data.known_future !== null && predictsOwnRow(data)) {
    const message = "Columns are known ahead for rows after a window, but the horizon is a row of the window.";
    report({ code: "known-future", path: "/data/known_future", message, hint: 'Remove "known_future".' });
  }
  if (data.static !== null && (data.window === null || data.group === null)) {
    const message = "Static columns have one value in each series, but the data has no windows of several series.";
    report({ code: "static", path: "/data/static", message, hint: 'Write "window" and "group", or remove "static".' });
  }
  if (data.window !== null) return;
  const refuse = (key: string, message: string, hint: string) =>
    report({ code: "table-rows", path: `/data/${key}`, message, hint });
  if (rowsAhead(data) > 0)
    refuse(
      "horizon",
      "A horizon needs a window of rows.",
      'Write "window", or remove the horizon: the target is in the row.',
    );
  if (data.time !== null)
    refuse("time", "The order in time needs a window of rows.", 'Write "window", or remove the time.');
  if (data.missing === "interpolate")
    refuse("missing", "Interpolation needs a series of rows.", 'Write "window", or "missing": "mean".');
  if (data.group !== null) refuse("group", "Series need a window of rows.", 'Write "window", or remove the group.');
  if (data.season !== null)
    refuse("season", "A season needs a window of rows.", 'Write "window", or remove the season.');
  if (data.stride !== 1) refuse("stride", "A stride needs a window of rows.", 'Write "window", or remove the stride.');
  if (data.evaluation_stride !== null)
    refuse("evaluation_stride", "A stride needs a window of rows.", 'Write "window", or remove the stride.');
}

/** A scale of the rows of a window needs a window, and targets after it. */
function checkWindowScale(data: NormalTableData, report: Report): void {
  const per = data.scale?.per ?? "window";
  if (per === "series" && data.group === null)
    report({
      code: "table-scale",
      path: "/data/scale/per",
      message: "A scale per series needs a file of several series, which data.group names.",
      hint: 'Write "group", such as ["store"], or "per": "column".',
    });
  if (data.window !== null && !predictsOwnRow(data)) return;
  const what = data.window === null ? "the rows have no window" : "the targets of its own row are no inputs";
  const message = `A scale per ${per} needs targets after a window that has their columns, but ${what}.`;
  report({ code: "table-scale", path: "/data/scale", message, hint: 'Write "per": "column".' });
}

function checkTime({ reverse }: NormalTableData, { format }: NormalTimeColumn, report: Report): void {
  if (reverse) {
    const message = "The rows are sorted by data.time, so that reversing them has no effect.";
    report({ code: "table-time", path: "/data/reverse", message, hint: 'Remove "reverse".' });
  }
  const parsed = format === null ? null : parseDateFormat(format);
  if (parsed === null || !("fault" in parsed)) return;
  const message = `The format ${quote(format ?? "")} ${parsed.fault}.`;
  report({ code: "date-format", path: "/data/time/format", message, hint: parsed.hint });
}

/** Windows of a series overlap, and follow each other: they are split by time. */
export function checkTableSplit(data: NormalData, report: Report): void {
  if (data.type !== "table") return;
  checkRowCounts(data, report);
  if (data.window === null) return;
  const { folds, stratify, group } = data.split;
  const refuse = (key: string, what: string) =>
    report({
      code: "table-rows",
      path: `/data/split/${key}`,
      message: `${what} need single rows, without a window.`,
      hint: `Remove "window", or "${key}": the windows of a series are split by time.`,
    });
  if (folds !== null) refuse("folds", "Folds");
  else if (group !== null) refuse("group", "Splits of whole groups");
  else if (stratify) refuse("stratify", "Equal shares of each class");
}

/** Numbers of rows are the last ones of a series. */
function checkRowCounts({ window, split }: NormalTableData, report: Report): void {
  const key = (["validation", "test"] as const).find((name) => isRowCount(split[name]));
  if (key === undefined || (window !== null && split.order === "time")) return;
  const what = window === null ? "the rows are single ones, without a window" : "the order of the split is shuffled";
  report({
    code: "table-rows",
    path: `/data/split/${key}`,
    message: `A number of rows is held out at the end of a series, but ${what}.`,
    hint: window === null ? "Write a fraction, such as 0.1." : 'Write "order": "time", or a fraction such as 0.1.',
  });
}

/** The tokens of a text are the steps of a row, which a window has already. */
export function checkTexts(data: NormalData, report: Report): void {
  if (data.type !== "table" || data.window === null) return;
  for (const { column } of textInputs(data))
    report({
      code: "table-rows",
      path: child("/data/columns", column),
      message: "A column of text needs single rows, without a window.",
      hint: 'Remove "window", or the column.',
    });
}
