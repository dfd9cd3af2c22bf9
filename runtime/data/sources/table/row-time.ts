/** The time of each row of a table: the order that follows, its regular step, and the rows that a series skips. */
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { formatCount } from "../../../format.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import { compactFormatOf } from "../../formats/compact-dates.js";
import {
  describeStep,
  findStep,
  stepsBetween,
  type TimeStep,
  timeAfter,
  weekdayStep,
} from "../../formats/time-step.js";
import { hasOffset, type TimeNotation, writeTime } from "../../formats/time-values.js";
import { compactDateProblem, isAscending, shortYearProblem, tornYears } from "./time-doubts.js";

/** The order of the rows of a table, series by series. */
export interface RowOrder {
  /** The row of the file of each row; -1 for one that the file lacks. */
  readonly order: Int32Array;
  /** The first row of each series. */
  readonly starts: readonly number[];
  /** By row. */
  readonly times: Float64Array;
  /** Null where rows have no regular step. */
  readonly step: TimeStep | null;
  readonly notices: readonly string[];
}

export interface RowTimes {
  /** The name of the column. */
  readonly column: string;
  readonly notation: TimeNotation;
  /** By row of the file. */
  readonly times: readonly number[];
  /** By row of the file; null for times without an offset from UTC. */
  readonly texts: readonly string[] | null;
}

/** The largest number of rows that are added, as a multiple of the rows of the file. */
const MAX_ADDED = 10;

/**
 * The rows of each series in order of time. Two rows of a series with one time are a problem.
 *
 * @param series of each row of the file; empty for one series. @param lineOf of a row of the file.
 * @param fittedStep that of a trained model; undefined to find it.
 */
export function orderByTime(
  { file, missing, group }: Pick<NormalTableData, "file" | "missing" | "group">,
  { column, notation, times, texts }: RowTimes,
  series: readonly number[],
  lineOf: (row: number) => number,
  fittedStep?: TimeStep | null,
): Result<RowOrder> {
  const compact = notation.isDate || fittedStep !== undefined ? null : compactFormatOf(times.map(String));
  if (compact) return fail([compactDateProblem(file, column, compact, notation.example)]);
  const torn = /%y/.test(notation.format ?? "") ? tornYears(times, series) : null;
  if (torn !== null) return fail([shortYearProblem(file, column, torn)]);
  const order = Int32Array.from(times.keys());
  const seriesOf = (row: number) => series[row] ?? 0;
  const timeOf = (row: number) => times[row] ?? 0;
  order.sort((a, b) => seriesOf(a) - seriesOf(b) || timeOf(a) - timeOf(b) || a - b);
  const isStart = (place: number) => place === 0 || seriesOf(order[place] ?? 0) !== seriesOf(order[place - 1] ?? 0);
  const written = (row: number) => writeTime(timeOf(row), notation, texts?.[row]);
  const repeated = order.findIndex(
    (row, place) => place > 0 && !isStart(place) && timeOf(row) === timeOf(order[place - 1] ?? 0),
  );
  if (repeated > 0) {
    const [before = 0, row = 0] = order.subarray(repeated - 1, repeated + 1);
    const where = group === null ? "" : " of one series";
    const message = `${file}:${lineOf(row)}: Column "${column}" has ${written(row)} twice: the row${where} on line ${lineOf(before)} has it too.`;
    const hint =
      group === null
        ? "Name the columns of the series in data.group, or remove one of the rows."
        : "Remove one of the rows, or name more columns in data.group.";
    return fail([{ code: "table-time", path: "/data/time", file, line: lineOf(row), message, hint }]);
  }
  const starts = [...order.keys()].filter(isStart);
  const ends = [...starts.slice(1), order.length];
  const ordered = starts.map((start, index) => Float64Array.from(order.subarray(start, ends[index]), timeOf));
  const ownStep = findStep(ordered, notation.isDate);
  const step = fittedStep === undefined ? ownStep : fittedStep;
  const isSorted = isAscending(times, series);
  const notices = isSorted
    ? []
    : [`The rows of "${file}" are sorted by "${column}"${group === null ? "" : " within each series"}.`];
  const sorted = { order, starts, times: Float64Array.from(order, timeOf) };
  if (step === null) return ok({ ...sorted, step, notices });
  const gaps = findGaps(sorted, step);
  if (fittedStep && ownStep !== null && gaps.isOther) {
    const notice = `The rows of "${file}" have a step of ${describeStep(ownStep)} in "${column}", those of the training ${describeStep(step)}: the model reads them as if they had that step, and predictions have no dates. Write rows with a step of ${describeStep(step)}.`;
    return ok({ ...sorted, step: null, notices: [...notices, notice] });
  }
  if (gaps.isIrregular) {
    const most = describeStep(step);
    const irregular = `The steps of "${column}" differ (most are ${most}): windows and horizons count rows, whose dates are not known ahead.`;
    const wayOut = hasOffset(notation)
      ? " To count days of local time, write the times without an offset from UTC."
      : "";
    return ok({ ...sorted, step: null, notices: [...notices, irregular + wayOut] });
  }
  if (gaps.rows === 0) return ok({ ...sorted, step, notices });
  const first = `the first after line ${lineOf(order[gaps.first] ?? 0)} (${written(order[gaps.first] ?? 0)})`;
  const what = `Column "${column}" has a step of ${describeStep(step)} and skips ${formatCount(gaps.rows, "row")}, ${first}`;
  if (missing !== "interpolate" && missing !== "previous") {
    const kept =
      fittedStep === undefined
        ? keptStep(column, sorted, step, what, gaps.places)
        : { step, notice: `${what}: windows reach across.` };
    return ok({ ...sorted, step: kept.step, notices: [...notices, kept.notice] });
  }
  if (gaps.rows > MAX_ADDED * order.length) {
    const hint = 'Correct the times, or set data.missing to "error" to count rows alone.';
    return fail([tooManyProblem(file, `${what}: more than ${MAX_ADDED} times the rows of the file.`, hint)]);
  }
  return ok({ ...withAddedRows(sorted, step, gaps.rows), step, notices: [...notices, `${what}, which are filled.`] });
}

/** The largest number of skips, as a fraction of the rows, with which predicted rows have dates; one skip has no pattern. */
const MAX_SKIPS = 0.05;

/** The step of rows that skip steps and are not filled, for the dates of predicted rows; with its notice. */
function keptStep(
  column: string,
  sorted: Sorted,
  step: TimeStep,
  what: string,
  skips: number,
): Pick<RowOrder, "step"> & { readonly notice: string } {
  const weekdays = weekdayStep(sorted.times, step);
  const places = weekdays === null ? skips : findGaps(sorted, weekdays).places;
  const fill = 'To fill them set data.missing to "interpolate" or "previous".';
  if (places > Math.max(1, MAX_SKIPS * sorted.order.length))
    return { step: null, notice: `${what}: windows reach across, and predictions have no dates. ${fill}` };
  if (weekdays === null) return { step, notice: `${what}: windows reach across. ${fill}` };
  const others =
    places === 0 ? "" : ` It also skips weekdays, ${formatCount(places, "time")}: no holiday is known ahead.`;
  const notice = `Column "${column}" has rows from Monday to Friday alone: windows reach across weekends, and predicted rows are on weekdays.${others}`;
  return { step: weekdays, notice };
}

function tooManyProblem(file: string, message: string, hint: string): RunProblem {
  return { code: "table-time", path: "/data/missing", file, message, hint };
}

type Sorted = Pick<RowOrder, "order" | "starts" | "times">;

/** Steps from which on most of them are no chance. */
const MIN_STEPS = 3;

/**
 * The rows that the series skip, at a number of places; `first` is the row before the first of them, and `isOther` is
 * true where most rows have another step.
 */
function findGaps({ starts, times }: Sorted, step: TimeStep) {
  const isStart = new Set(starts);
  let [rows, places, first, isIrregular, all, others] = [0, 0, -1, false, 0, 0];
  for (let row = 1; row < times.length; row++) {
    if (isStart.has(row)) continue;
    const steps = stepsBetween(times[row - 1] ?? 0, times[row] ?? 0, step);
    all += 1;
    if (steps !== 1) others += 1;
    if (!Number.isInteger(steps) || steps < 1) isIrregular = true;
    else if (steps > 1) {
      rows += steps - 1;
      places += 1;
      if (first < 0) first = row - 1;
    }
  }
  return { rows, places, first, isIrregular, isOther: all >= MIN_STEPS && 2 * others > all };
}

/** The rows with those that the series skip. */
function withAddedRows({ order, starts, times }: Sorted, step: TimeStep, added: number): Sorted {
  const isStart = new Set(starts);
  const all = { order: new Int32Array(order.length + added), times: new Float64Array(order.length + added) };
  const newStarts: number[] = [];
  let place = 0;
  for (const [row, fileRow] of order.entries()) {
    if (isStart.has(row)) newStarts.push(place);
    const before = times[row - 1] ?? 0;
    const steps = isStart.has(row) ? 1 : stepsBetween(before, times[row] ?? 0, step);
    for (let index = 1; index < steps; index++) {
      all.order[place] = -1;
      all.times[place++] = timeAfter(before, index, step);
    }
    all.order[place] = fileRow;
    all.times[place++] = times[row] ?? 0;
  }
  return { ...all, starts: newStarts };
}
