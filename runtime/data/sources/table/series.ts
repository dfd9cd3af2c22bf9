/** Tables of several series: the columns that name them, and windows that are of one series each. */
import { rowsOfExample } from "../../../../schema/kinds/columns.js";
import { rowsAhead } from "../../../../schema/kinds/horizon.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { formatCount } from "../../../format.js";
import { ok, type Result } from "../../../result.js";
import { splitFolds, splitGroups } from "../../folds.js";
import { intern } from "../../labels.js";
import { type Indices, rowsHeldOut, type Splits, splitExamples, splitWindows } from "../../splits.js";
import { withoutAbsentTargets } from "./absent-values.js";
import { hasLabels } from "./columns.js";
import type { TableRows } from "./contents.js";

/** The windows of a table: the first row of each, with their splits. */
export interface TableWindows {
  readonly firstRows: Indices;
  readonly splits: Splits;
  readonly notices: readonly string[];
}

/** The rows of each series, from its first up to the first of the next one. */
export function seriesRanges(starts: readonly number[], rows: number): readonly (readonly [number, number])[] {
  return starts.map((start, index) => [start, starts[index + 1] ?? rows] as const);
}

/** The windows of each series, split by itself. A series that is too short for a window has none. @param span rows from the first target of a window to its last. */
export function windowsOf(
  data: NormalTableData,
  seed: number,
  read: Pick<TableRows, "starts" | "rows" | "targets" | "foldGroups" | "absent">,
  span: number,
): Result<TableWindows> {
  const all = allWindows(data, seed, read, span);
  if (!all.ok) return all;
  const complete = withoutAbsentTargets(data, read, all.value, span);
  if (!complete.ok) return complete;
  const notices = [...all.value.notices, ...complete.value.notices];
  return ok({ ...all.value, splits: complete.value.splits, notices });
}

function allWindows(
  data: NormalTableData,
  seed: number,
  read: Pick<TableRows, "starts" | "rows" | "targets" | "foldGroups">,
  span: number,
): Result<TableWindows> {
  const { starts, rows } = read;
  if (data.window === null) return splitRows(data, seed, read);
  const { stride, split, evaluation_stride: evaluationStride } = data;
  const length = rowsOfExample(data) + rowsAhead(data);
  if (starts.length === 1 && rows >= length) {
    const examples = Math.floor((rows - length) / stride) + 1;
    const splits = splitWindows(split, seed, { examples, stride, span, evaluationStride });
    if (!splits.ok) return splits;
    const first = firstWindow(data, rows - length);
    const firstRows = new Uint32Array(examples).map((_, example) => first + example * stride);
    return ok({ firstRows, splits: splits.value, notices: [] });
  }
  const firstRows: number[] = [];
  const members = { train: [] as number[], validation: [] as number[], test: [] as number[] };
  let short = 0;
  for (const [start, end] of seriesRanges(starts, rows)) {
    if (end - start < length) {
      short += 1;
      continue;
    }
    const examples = Math.floor((end - start - length) / stride) + 1;
    const own = splitWindows(split, seed, { examples, stride, span, evaluationStride });
    if (!own.ok) return own;
    const offset = firstRows.length;
    const first = start + firstWindow(data, end - start - length);
    for (let example = 0; example < examples; example++) firstRows.push(first + example * stride);
    for (const name of ["train", "validation", "test"] as const)
      for (const example of own.value[name]) members[name].push(offset + example);
  }
  const splits = {
    train: Uint32Array.from(members.train),
    validation: Uint32Array.from(members.validation),
    test: Uint32Array.from(members.test),
  };
  const notices =
    starts.length === 1 ? [] : [`"${data.file}" has ${starts.length} series; windows are of one series each.`];
  const shortNotice = `${short} of them ${short === 1 ? "has" : "have"} fewer than ${formatCount(length, "row")}, and no window.`;
  return ok({
    firstRows: Uint32Array.from(firstRows),
    splits,
    notices: short === 0 ? notices : [...notices, shortNotice],
  });
}

/** The first row of the first window: with a number of held-out rows, the last window ends with the last row. */
function firstWindow({ split, stride }: Pick<NormalTableData, "split" | "stride">, lastStart: number): number {
  return rowsHeldOut(split) > 0 ? lastStart % stride : 0;
}

/** Single rows: splits by fractions, or folds. */
function splitRows(
  { split }: NormalTableData,
  seed: number,
  { rows, targets, foldGroups: groups }: Pick<TableRows, "rows" | "targets" | "foldGroups">,
): Result<TableWindows> {
  const classes = classesOf(targets);
  const { folds } = split;
  const splits =
    folds === null
      ? groups === null
        ? splitExamples(split, seed, rows, classes)
        : splitGroups(split, seed, groups)
      : splitFolds({ ...split, folds }, seed, { examples: rows, classes, groups });
  if (!splits.ok) return splits;
  return ok({ firstRows: new Uint32Array(rows).map((_, row) => row), splits: splits.value, notices: [] });
}

/** A number for the label of each row; null for numbers and for several targets. */
function classesOf([target, ...others]: TableRows["targets"]): readonly number[] | null {
  if (target === undefined || others.length > 0 || !hasLabels(target)) return null;
  const ids = new Map<string, number>();
  return target.labels.map((label) => intern(ids, label));
}
