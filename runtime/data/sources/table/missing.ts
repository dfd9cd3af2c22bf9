/** Missing values of a table: their treatment by column, hints, and columns without values. */
import { hasIndependentRows } from "../../../../schema/kinds/columns.js";
import type { NormalColumnKind, NormalTableData } from "../../../../schema/normal/index.js";
import { formatCount, formatInteger, listFirst } from "../../../format.js";
import type { RunProblem } from "../../../problem.js";
import { type Column, type ColumnSelection, hasLabels } from "./columns.js";

/** `future` is for predictions: only the rows to be predicted may lack a value. `drop_untargeted` leaves out rows of independent examples that have no target. */
export type ColumnPolicy = NormalTableData["missing"] | "drop_untargeted" | "future";

/** True for a column with values in the rows to be predicted. */
export function isKnownAhead(
  { known_future: known }: Pick<NormalTableData, "known_future">,
  { kind, name, specName }: Pick<ColumnSelection["columns"][number], "kind" | "name" | "specName">,
): boolean {
  return kind?.type === "date" || known?.includes(name) === true || known?.includes(specName ?? "") === true;
}

/** The treatment of each column of a selection. */
export function missingPolicies(data: NormalTableData, { columns, inputs, targets }: ColumnSelection): ColumnPolicy[] {
  return columns.map(({ kind, name, specName }, index) => {
    const own = kind?.type === "number" || kind?.type === "boolean" ? kind.missing : null;
    const policy = own ?? data.missing;
    const isMadeUp = policy === "zero" || policy === "mean";
    const isKnown = isKnownAhead(data, { kind, name, specName });
    const isPrediction = targets.every(({ use }) => use === null);
    if (isPrediction && data.known_future !== null && !isKnown && (policy === "error" || policy === "drop"))
      return "future";
    const ofTargets = targets.filter((target) => target.use !== null && target.columns.includes(index));
    if (ofTargets.length > 0) {
      if (hasIndependentRows(data) && !inputs.includes(index)) return "drop_untargeted";
      const isRepeatedLabel = (policy === "previous" || policy === "interpolate") && ofTargets.some(hasLabels);
      return isMadeUp || isRepeatedLabel ? "error" : policy;
    }
    // A date has no mean.
    return isMadeUp && kind?.type === "date" ? "error" : policy;
  });
}

/** The hint for a value that is missing in the first row of a series. */
export function firstRowHint({ group }: Pick<NormalTableData, "group">): string {
  const first = group === null ? "The first row" : "The first row of a series";
  return `${first} has no previous value. Set data.missing to "drop".`;
}

/** The problem of labels in the rows that `time` skips. */
export function addedLabelProblem({ missing }: Pick<NormalTableData, "missing">, column: string): RunProblem {
  return {
    code: "table-time",
    path: "/data/missing",
    message: `The rows that data.time skips have no label in column "${column}", and data.missing "${missing}" makes none up.`,
    hint: 'Add these rows to the file, or set data.missing to "error" or "drop".',
  };
}

/** The hint for a value that is missing in a column of a kind. */
export function missingHint(data: NormalTableData, kind: NormalColumnKind | null = null): string {
  if (kind?.type === "date")
    return 'Set data.missing to "drop" (skip such rows), or remove the column from data.columns.';
  return hasIndependentRows(data)
    ? 'Set data.missing to "mean" (of the training split), "zero" or "drop" (skip such rows).'
    : 'Set data.missing to "drop" (skip such rows) or "previous" (repeat the value of the previous row).';
}

/** A notice for inputs that are interpolated. @param columns their names. */
export function interpolationNotice(columns: readonly string[]): string | null {
  if (columns.length === 0) return null;
  const names = listFirst(
    columns.map((name) => JSON.stringify(name)),
    4,
  );
  return `Missing inputs (${names}) are interpolated from rows before and after them: a window may contain information from rows after its end. To read earlier rows alone set data.missing to "previous".`;
}

export function untargetedNotice({ file }: NormalTableData, rows: number): string | null {
  if (rows === 0) return null;
  return `${formatCount(rows, "row")} of "${file}" ${rows === 1 ? "has" : "have"} no target, and ${rows === 1 ? "is" : "are"} left out.`;
}

/** A column without a value in most rows. */
export interface MissingColumn {
  readonly column: Column;
  readonly what: string;
  readonly hint: string;
}

/** @param counts the rows without a value in each column of the selection. @param isTraining false for a trained model. */
export function mostlyMissing(
  { columns }: ColumnSelection,
  counts: readonly number[],
  rows: number,
  isTraining: boolean,
): readonly MissingColumn[] {
  if (!isTraining) return [];
  const isMostly = columns.map((_, index) => (counts[index] ?? 0) * 2 > rows);
  const others = columns.filter((_, index) => !isMostly[index]).map(({ name }) => JSON.stringify(name));
  const example = others.length === 0 ? "" : `, such as [${listFirst(others, 4)}]`;
  const hint = `To leave it out, name the other columns in data.columns${example}.`;
  return columns.flatMap((column, index) => {
    const what = `has no value in ${formatInteger(counts[index] ?? 0)} of the first ${formatCount(rows, "row")}`;
    return isMostly[index] ? [{ column, what, hint }] : [];
  });
}

const isMissingValue = ({ message }: RunProblem) => / has no value\.(?: The same on .*)?$/.test(message);
const skipHint = 'To skip such rows, set data.missing to "drop".';

/** The problems of a file, with one for a column without values in place of one for each row. */
export function withEmptyColumns(
  found: readonly RunProblem[],
  empty: readonly MissingColumn[],
  problemAt: (line: number | undefined, column: Column, what: string, hint: string) => RunProblem,
): readonly RunProblem[] {
  const emptyProblems = empty.flatMap(({ column, what, hint }) => {
    const first = found.find((problem) => isMissingValue(problem) && problem.column === column.index + 1);
    return first === undefined ? [] : [problemAt(first.line, column, what, `${hint} ${skipHint}`)];
  });
  const emptyPlaces = new Set(emptyProblems.map(({ column }) => column));
  const others = found.filter((problem) => !(isMissingValue(problem) && emptyPlaces.has(problem.column)));
  return [...emptyProblems, ...others];
}
