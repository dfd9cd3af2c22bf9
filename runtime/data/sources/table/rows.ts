/** Reads the rows of a table: the selected columns of a file as numbers, and labels as text, in order of time. */
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { formatInteger } from "../../../format.js";
import { keepOrder } from "../../../ordered-json.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import { shorten } from "../../formats/columns.js";
import { readTableFile } from "../../formats/table-file.js";
import type { TableMetadata } from "../../metadata.js";
import { idAt } from "../../spill/id-list.js";
import type { TargetUse } from "../../target-values.js";
import { hasLabels, selectionNotice } from "./columns.js";
import type { TableRows } from "./contents.js";
import { checkNotation, tableFormat } from "./format.js";
import { numbersAsRowNotice, numbersInHeader } from "./header.js";
import {
  addedLabelProblem,
  firstRowHint,
  interpolationNotice,
  mostlyMissing,
  untargetedNotice,
  withEmptyColumns,
} from "./missing.js";
import { type OrderedRows, orderTable } from "./order.js";
import { collectRows, headerHint, valueProblem } from "./row-collector.js";
import { chooseLayout, type RowLayout } from "./row-layout.js";

const mixedColumnHint = "Leave the field empty (data.missing), or name the input columns in data.columns.";

type CollectedRows = ReturnType<ReturnType<typeof collectRows>["finish"]>;

/**
 * @param uses of the targets by the model; null where only inputs are read.
 * @param keepUnread true to keep the fields that are not read.
 * @param fitted the times of a trained model.
 */
export async function readRows(
  data: NormalTableData,
  folder: string,
  uses: ReadonlyMap<string, TargetUse> | null,
  keepUnread = false,
  fitted: TableMetadata["time"] | null = null,
): Promise<Result<TableRows>> {
  const notationProblems = checkNotation(data);
  if (notationProblems.length > 0) return fail(notationProblems);
  const { file } = data;
  let opened: { readonly layout: RowLayout; readonly collector: ReturnType<typeof collectRows> } | undefined;
  const fileNotices: string[] = [];
  const fileProblems = await readTableFile(
    { file, folder, path: "/data/file" },
    tableFormat(data),
    {
      columns(names, first) {
        const layout = chooseLayout(data, names, first, uses, fitted);
        if (!layout.ok) return layout.error;
        opened = { layout: layout.value, collector: collectRows(data, layout.value, keepUnread) };
        return [];
      },
      row: (row) => opened?.collector.add(row) ?? [],
    },
    (notice) => fileNotices.push(notice),
  );
  if (opened === undefined) return fail(fileProblems);
  const { layout } = opened;
  const collected = opened.collector.finish();
  const emptyColumns = mostlyMissing(layout.selection, collected.missingCounts, collected.fileRows, uses !== null);
  const problems = [
    ...withEmptyColumns(fileProblems, emptyColumns, (line, ...rest) =>
      valueProblem(data, line ?? layout.firstLine, ...rest),
    ),
    ...mixedColumnProblems(data, layout, collected),
  ];
  if (problems.length > 0) return fail(problems);
  const ordered = orderRows(data, layout, collected, fitted);
  if (!ordered.ok) return ordered;
  const { columns, inputs, targets } = layout.selection;
  const names = columns.map(({ name }) => name);
  const { values, added, isInterpolated } = ordered.value;
  const isFilled = (index: number) => added > 0 || (collected.missingCounts[index] ?? 0) > 0;
  const interpolated = uses === null ? [] : inputs.filter((index) => isInterpolated(index) && isFilled(index));
  const notices = [
    ...fileNotices,
    numbersInHeader(data, layout.names),
    numbersAsRowNotice(data, layout.names, values, names),
    selectionNotice(layout.selection),
    untargetedNotice(data, collected.untargeted),
    ...ordered.value.notices,
    interpolationNotice(interpolated.map((index) => names[index] ?? "")),
    layout.seriesCheck?.notice() ?? null,
    ...emptyColumns.map(({ column, what, hint }) => `Column "${column.name}" of "${file}" ${what}. ${hint}`),
  ].filter((notice) => notice !== null);
  return ok({
    columns: names,
    specNames: columns.map(({ specName }) => specName),
    kinds: columns.map(({ kind }) => kind),
    policies: layout.policies,
    inputs,
    targets: targets.map((target) => ({ ...target, labels: labelsOf(target.name, collected, ordered.value) })),
    texts: new Map(layout.readers.map((reader, index) => [index, reader.texts()])),
    ...contentsOf(layout, collected, ordered.value),
    notices,
  });
}

/** Problems of columns that are left out for their first value, but have numbers in most rows. */
function mixedColumnProblems(
  data: NormalTableData,
  { selection, firstLine }: RowLayout,
  { leftOutNumbers, fileRows }: CollectedRows,
): readonly RunProblem[] {
  return selection.leftOut.flatMap((column, position) => {
    const count = leftOutNumbers[position] ?? 0;
    if (count * 2 <= fileRows) return [];
    const what = `has "${shorten(column.first)}", which is not a number, but ${formatInteger(count)} of its ${formatInteger(fileRows)} values are`;
    return [valueProblem(data, firstLine, column, what, data.header === false ? headerHint : mixedColumnHint)];
  });
}

/** The rows in order of time, with rows that the file skips. */
function orderRows(
  data: NormalTableData,
  { selection: { columns, targets }, policies, series, time }: RowLayout,
  { rows, values, lines }: CollectedRows,
  fitted: TableMetadata["time"] | null,
): Result<OrderedRows> {
  const ordered = orderTable(
    data,
    {
      ...{ rows, values, columns, policies, series },
      times: time,
      fittedStep: fitted?.step,
      timeColumn: columns.findIndex(({ index }) => index === time?.index),
      lineOf: (row) => idAt(lines, row),
    },
    (line, column) => valueProblem(data, line, column, "has no value", firstRowHint(data)),
  );
  if (!ordered.ok) return ordered;
  const unlabelled = ordered.value.added === 0 ? undefined : targets.find(hasLabels);
  return unlabelled === undefined
    ? ordered
    : fail([addedLabelProblem(data, columns[unlabelled.columns[0] ?? 0]?.name ?? "")]);
}

function labelsOf(target: string, { labels }: CollectedRows, { fileRowOf }: OrderedRows): readonly string[] {
  const list = labels.get(target) ?? [];
  return list.map((_, row) => list[fileRowOf(row)] ?? "");
}

/** The rows themselves: values, lines, series and times by row in order. */
function contentsOf(
  { series, folds, unread }: RowLayout,
  { missingCounts, absent, lines, unreadFields, dropped }: CollectedRows,
  ordered: OrderedRows,
) {
  const { rows, values, starts, time, fileRowOf, isAdded } = ordered;
  return {
    ...{ rows, values, starts, time, dropped },
    missing: missingCounts,
    absent: absent.marks(ordered),
    foldGroups: folds.foldGroups(rows, fileRowOf),
    lineOf: (row: number) => idAt(lines, fileRowOf(row)),
    groupOf: (row: number) => series.groupOf(fileRowOf(row)),
    unreadOf: (row: number) => {
      const fields = isAdded(row) ? [] : (unreadFields[fileRowOf(row)] ?? []);
      return keepOrder(fields.map((field, position) => [unread[position]?.name ?? "", field] as const));
    },
  };
}
