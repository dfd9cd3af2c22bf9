/** The order of the rows of a table: that of the file, of its series, or of time; with rows that series skip. */
import type { NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import type { FloatList } from "../../batching/windows.js";
import { type TimeStep, timeAfter } from "../../formats/time-step.js";
import { type TimeNotation, writeTime } from "../../formats/time-values.js";
import type { TableMetadata } from "../../metadata.js";
import type { SelectedColumn } from "./columns.js";
import type { ColumnPolicy } from "./missing.js";
import { type GapFilling, orderRows, seriesOrder } from "./row-order.js";
import type { RowSeries } from "./row-series.js";
import { orderByTime, type RowTimes } from "./row-time.js";

/** The times of the rows of a table. */
export interface TableTime {
  readonly column: string;
  readonly notation: TimeNotation;
  /** Null where rows have no regular step. */
  readonly step: TimeStep | null;
  /** By row. */
  readonly times: Float64Array;
  /** The field of a row with its offset from UTC; undefined for times without one. */
  readonly textOf: (row: number) => string | undefined;
}

export interface OrderedRows {
  readonly rows: number;
  readonly values: FloatList<Float64Array>;
  /** The first row of each series. */
  readonly starts: readonly number[];
  /** The row of the file; that of the row before for one that the file lacks. */
  readonly fileRowOf: (row: number) => number;
  readonly isAdded: (row: number) => boolean;
  readonly added: number;
  /** The columns whose missing values are interpolated. */
  readonly isInterpolated: (column: number) => boolean;
  readonly time: TableTime | null;
  readonly notices: readonly string[];
}

/** The rows of the file as they were read. */
export interface FileRows {
  readonly rows: number;
  readonly values: FloatList<Float64Array>;
  readonly columns: readonly SelectedColumn[];
  readonly policies: readonly ColumnPolicy[];
  readonly series: RowSeries;
  readonly times: RowTimes | null;
  /** That of a trained model; undefined before training. */
  readonly fittedStep: TimeStep | null | undefined;
  /** The position of the column of times in `columns`; -1 where it is not among them. */
  readonly timeColumn: number;
  readonly lineOf: (row: number) => number;
}

/** @param gapProblem the problem of a column without a value in the first row of a series, at a line. */
export function orderTable(
  data: NormalTableData,
  { rows, values, columns, policies, series, times, fittedStep, timeColumn, lineOf }: FileRows,
  gapProblem: (line: number, column: SelectedColumn) => RunProblem,
): Result<OrderedRows> {
  const byTime = times === null ? null : orderByTime(data, times, series.ids, lineOf, fittedStep);
  if (byTime?.ok === false) return byTime;
  const timed = byTime?.value ?? null;
  const grouped = timed === null && data.group !== null ? seriesOrder(series.ids, data.reverse) : null;
  const order = timed?.order ?? grouped?.order ?? data.reverse;
  const starts = timed?.starts ?? grouped?.starts ?? [0];
  const fileRowOf = (row: number): number => {
    if (typeof order === "boolean") return order ? rows - 1 - row : row;
    const own = order[row] ?? 0;
    return own < 0 ? fileRowOf(row - 1) : own;
  };
  const isAdded = (row: number) => typeof order !== "boolean" && order[row] === -1;
  const filling = policies.map((policy, column) => fillingOf(policy, data, columns[column]));
  const ordered = orderRows(
    values,
    columns.length,
    { order, starts, times: timed?.times ?? null, filling },
    timeColumn,
  );
  const gapColumn = columns[ordered.gap?.column ?? -1];
  if (gapColumn !== undefined) return fail([gapProblem(lineOf(fileRowOf(ordered.gap?.row ?? 0)), gapColumn)]);
  const length = typeof order === "boolean" ? rows : order.length;
  return ok({
    rows: length,
    values: ordered.values,
    starts,
    fileRowOf,
    isAdded,
    added: length - rows,
    isInterpolated: (column) => filling[column] === "interpolate",
    time:
      times === null || timed === null
        ? null
        : {
            column: times.column,
            notation: times.notation,
            step: timed.step,
            times: timed.times,
            textOf: (row) => times.texts?.[fileRowOf(row)],
          },
    notices: timed?.notices ?? [],
  });
}

/** A column without a treatment of its own has values in added rows as the table does. */
function fillingOf(
  policy: ColumnPolicy,
  { missing }: Pick<NormalTableData, "missing">,
  column: SelectedColumn | undefined,
): GapFilling {
  const own = policy === "error" || policy === "drop" ? missing : policy;
  if (own !== "previous" && own !== "interpolate") return "none";
  const isNumber = column?.kind === null || column?.kind.type === "number";
  return own === "interpolate" && isNumber ? "interpolate" : "previous";
}

/** The time of a row some rows after another, as text with the offset of that one; undefined without a regular step. */
export function timeAhead({ notation, step, times, textOf }: TableTime, row: number, rows: number): string | undefined {
  return step === null ? undefined : writeTime(timeAfter(times[row] ?? 0, rows, step), notation, textOf(row));
}

/** The column of times with its step, that of a trained model where there is one. */
export function timeMetadata(
  time: TableTime | null,
  fitted: TableMetadata | null,
): NonNullable<TableMetadata["time"]> | null {
  if (time === null) return null;
  const { column, notation, step } = time;
  return fitted?.time ?? { column, notation, step };
}
