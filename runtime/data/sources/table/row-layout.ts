/** The columns of a table file: those that are read, how, and those that name the series and the times of its rows. */
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { ok, type Result } from "../../../result.js";
import { makeUnique } from "../../formats/columns.js";
import type { Row } from "../../formats/csv.js";
import { type FieldReader, fieldReader } from "../../formats/field-readers.js";
import type { TableMetadata } from "../../metadata.js";
import type { TargetUse } from "../../target-values.js";
import { type Column, type ColumnSelection, chooseColumns, hasLabels, type SelectedTarget } from "./columns.js";
import { type ColumnPolicy, missingPolicies } from "./missing.js";
import { findFoldGroup, findGroups, type RowSeries, trackSeries } from "./row-series.js";
import { checkSeries, type SeriesCheck } from "./series-boundaries.js";
import { openTimeColumn, type TimeColumn } from "./time-column.js";

export interface RowLayout {
  /** Of all columns of the file. */
  readonly names: readonly string[];
  /** The line of the first row. */
  readonly firstLine: number;
  readonly selection: ColumnSelection;
  /** By column of the selection. */
  readonly readers: readonly FieldReader[];
  /** By column of the selection. */
  readonly policies: readonly ColumnPolicy[];
  /** By column of the selection, for a column that is a target. */
  readonly targetOf: ReadonlyMap<number, SelectedTarget>;
  readonly unread: readonly Column[];
  readonly series: RowSeries;
  /** The groups of rows that stay in one fold. */
  readonly folds: RowSeries;
  readonly time: TimeColumn | null;
  /** Signs of several series; undefined for rows with times. */
  readonly seriesCheck: SeriesCheck | undefined;
}

/**
 * @param first the first row.
 * @param uses of the targets by the model; null where only inputs are read.
 * @param fitted the times of a trained model.
 */
export function chooseLayout(
  data: NormalTableData,
  names: readonly string[],
  first: Row,
  uses: ReadonlyMap<string, TargetUse> | null,
  fitted: TableMetadata["time"] | null,
): Result<RowLayout> {
  const time = openTimeColumn(data, names, first, fitted?.notation ?? null);
  if (!time.ok) return time;
  const selected = chooseColumns(data, names, first, uses, time.value?.index);
  if (!selected.ok) return selected;
  const groups = findGroups(data, names);
  if (!groups.ok) return groups;
  const foldGroup = uses === null ? ok([]) : findFoldGroup(data, names);
  if (!foldGroup.ok) return foldGroup;
  const { columns, targets } = selected.value;
  const read = new Set(columns.map(({ index }) => index));
  const labelColumns = targets
    .filter(hasLabels)
    .flatMap((target) => target.columns.map((index) => columns[index]?.index ?? 0));
  return ok({
    names,
    firstLine: first.line,
    selection: selected.value,
    readers: columns.map(({ kind }) => fieldReader(kind, data)),
    policies: missingPolicies(data, selected.value),
    targetOf: new Map(targets.flatMap((target) => target.columns.map((index) => [index, target]))),
    unread: makeUnique(names).flatMap((name, index) => (read.has(index) ? [] : [{ name, index }])),
    series: trackSeries(groups.value, names),
    folds: trackSeries(foldGroup.value, names),
    time: time.value,
    seriesCheck: time.value === null ? checkSeries(data, names, first, labelColumns, groups.value) : undefined,
  });
}
