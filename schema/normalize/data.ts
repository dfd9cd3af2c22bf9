/** Data with its defaults: the training split is the rest of the other splits, unless it is given. */
import type { Problem, Report } from "../diagnostics/index.js";
import type { RecordOrigin } from "../diagnostics/source-map.js";
import { quote } from "../diagnostics/suggest.js";
import { child } from "../json-pointer.js";
import { kindOf, textInputs } from "../kinds/columns.js";
import { parseDateFormat } from "../kinds/date-format.js";
import { horizonRows, rowsAhead } from "../kinds/horizon.js";
import type { DataSplit, NormalData, NormalPairsData, NormalTableData, NormalTimeColumn } from "../normal/index.js";
import type { Spec } from "../spec.types.js";
import { checkAudio } from "./audio.js";
import { checkDefinedSplit, checkFolds } from "./split.js";
import { checkTextKeys } from "./text-keys.js";

const path = "/data/split";

/** Rounding error of a sum of fractions. */
const tolerance = 1e-9;

/**
 * The data with its stride: windows that carry states are consecutive, others start at every unit or row. Rows without
 * windows are shuffled, and have their targets.
 */
export function withStride(data: Spec["data"], stateful: boolean): Spec["data"] {
  if (data.type !== "text" && data.type !== "table") return data;
  const { window = null } = data;
  if (window === null && data.type === "table")
    return {
      ...data,
      horizon: [...horizonRows(data.horizon ?? 0)],
      stride: data.stride ?? 1,
      split: { order: "shuffled", ...data.split },
    };
  const stride = data.stride ?? (stateful ? (window ?? 1) : 1);
  return data.type === "table"
    ? { ...data, horizon: [...horizonRows(data.horizon ?? 1)], stride }
    : { ...data, stride };
}

/** The data with the column of times as an object: a date in `columns` has its format. */
export function withTime(data: Spec["data"]): Spec["data"] {
  if (data.type !== "table" || data.time === undefined || data.time === null) return data;
  const { time } = data;
  const { column, format = null } = typeof time === "object" ? time : { column: time };
  const kind = kindOf({ columns: (data.columns ?? null) as NormalTableData["columns"] }, column);
  return { ...data, time: { column, format: format ?? (kind?.type === "date" ? kind.format : null) } };
}

/** The data with a list of files as one pattern, `{a,b}`. */
export function withFilePattern(data: Spec["data"]): Spec["data"] {
  if (data.type !== "table" || typeof data.file === "string") return data;
  const [first = "", ...others] = data.file;
  return { ...data, file: others.length === 0 ? first : `{${data.file.join(",")}}` };
}

/** @param data with its defaults, except `split.train`, which depends on the other fractions. */
export function normalizeData(data: NormalData, recordOrigin: RecordOrigin, report: Report): NormalData {
  if (data.type === "text") checkTextKeys({ ...data, key: "normalization", fewest: 257 }, "/data", report);
  if (data.type === "sequences" || data.type === "pairs")
    checkTextKeys(
      { ...data, normalization: data.text, key: "text", fewest: data.type === "pairs" ? 260 : 257 },
      "/data",
      report,
    );
  checkRows(data, report);
  checkTexts(data, report);
  checkTableSplit(data, report);
  if (data.type === "audio") checkAudio(data, report);
  const given: Omit<DataSplit, "train"> & Partial<DataSplit> = data.split;
  const { train: explicitTrain, validation, test } = given;
  const remainder = 1 - validation - test;
  if ((explicitTrain ?? 0) > remainder + tolerance) report(sumTooLarge((explicitTrain ?? 0) + validation + test));
  else if (explicitTrain === undefined && remainder < tolerance) report(noTrainingData);
  const train = explicitTrain ?? Number(remainder.toPrecision(12));
  if ("stratify" in given && given.stratify && data.type === "pairs") report(noClassesOfPairs);
  // A normal spec has the rest as its fraction, which is none of its own.
  const isRest = explicitTrain !== undefined && Math.abs(explicitTrain - remainder) < tolerance;
  const fraction = isRest ? undefined : explicitTrain;
  if ("by" in data.split) checkDefinedSplit(data.split, fraction, report);
  if ("folds" in data.split) checkFolds(data.split, fraction, report);
  const split = recordOrigin(Object.assign({ train }, given, { train }), path);
  const filled = { ...data, ...(data.type === "pairs" && { header: hasHeader(data) }), split };
  // The split is that of the type of the data, with its training fraction.
  return recordOrigin(filled as NormalData, "/data");
}

/** Rows that are examples of their own have no steps in time. */
function checkRows(data: NormalData, report: Report): void {
  if (data.type !== "table") return;
  if (data.time !== null) checkTime(data, data.time, report);
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
  if (data.stride !== 1) refuse("stride", "A stride needs a window of rows.", 'Write "window", or remove the stride.');
  if (data.evaluation_stride !== null)
    refuse("evaluation_stride", "A stride needs a window of rows.", 'Write "window", or remove the stride.');
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
function checkTableSplit(data: NormalData, report: Report): void {
  if (data.type !== "table" || data.window === null) return;
  const { folds, stratify, group } = data.split;
  const refuse = (key: string, what: string) =>
    report({
      code: "table-rows",
      path: `${path}/${key}`,
      message: `${what} need single rows, without a window.`,
      hint: `Remove "window", or "${key}": the windows of a series are split by time.`,
    });
  if (folds !== null) refuse("folds", "Folds");
  else if (group !== null) refuse("group", "Splits of whole groups");
  else if (stratify) refuse("stratify", "Equal shares of each class");
}

/** The tokens of a text are the steps of a row, which a window has already. */
function checkTexts(data: NormalData, report: Report): void {
  if (data.type !== "table" || data.window === null) return;
  for (const { column } of textInputs(data))
    report({
      code: "table-rows",
      path: child("/data/columns", column),
      message: "A column of text needs single rows, without a window.",
      hint: 'Remove "window", or the column.',
    });
}

/** Columns have names where the spec selects them, and in CSV files. */
function hasHeader({ header, columns, file }: Omit<NormalPairsData, "header"> & Partial<NormalPairsData>): boolean {
  if (header !== undefined) return header;
  return (
    columns.source !== null ||
    columns.target !== null ||
    /\.(?:csv(?:\.gz)?|parquet|pq|arrows?|feather|ipc)$/i.test(file ?? "")
  );
}

function sumTooLarge(sum: number): Problem {
  const message = `The fractions of the split add up to ${Number(sum.toPrecision(6))}, more than 1.`;
  return { code: "split-sum", path, message, hint: "For example 0.7, 0.15 and 0.15." };
}

/** True for data with a validation split, as far as the spec shows; null where the data defines it. */
export function hasValidation({ split }: NormalData): boolean | null {
  if (!("by" in split) || split.by === "fraction") return split.validation > 0;
  return split.by === "column" ? null : split.files.validation !== null;
}

const noClassesOfPairs: Problem = {
  code: "split-stratify",
  path: `${path}/stratify`,
  message: "Pairs have no classes that the splits could share.",
  hint: "Remove data.split.stratify.",
};

const noTrainingData: Problem = {
  code: "split-sum",
  path,
  message: "The validation and test splits leave no examples for training.",
  hint: "Their sum must be less than 1.",
};
