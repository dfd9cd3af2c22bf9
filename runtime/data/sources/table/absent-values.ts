/** Empty fields of a table whose values are filled: of targets, and of columns that are not known ahead. */
import { rowsOfExample } from "../../../../schema/kinds/columns.js";
import { rowsAhead } from "../../../../schema/kinds/horizon.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { formatCount } from "../../../format.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import type { Splits } from "../../splits.js";
import { type ColumnSelection, hasLabels } from "./columns.js";
import type { TableRows } from "./contents.js";
import { isKnownAhead } from "./missing.js";
import type { OrderedRows } from "./order.js";

/** The rows of the file without a value, for each column of interest of a selection. */
export function trackAbsent(data: NormalTableData, { columns, targets }: ColumnSelection) {
  const used = targets.filter((target) => target.use !== null);
  const ofTargets = used.filter((target) => !hasLabels(target)).flatMap((target) => target.columns);
  const isUnknown = (index: number) => {
    const column = columns[index];
    const isNumber = column?.kind === null || column?.kind.type === "number";
    return column !== undefined && isNumber && data.known_future !== null && !isKnownAhead(data, column);
  };
  const watched = used.length > 0 ? ofTargets : [...columns.keys()].filter(isUnknown);
  const rowsOf = new Map(watched.map((index) => [index, [] as number[]]));
  return {
    add: (index: number, row: number) => rowsOf.get(index)?.push(row),
    /** Marks by column of the rows in order; rows that the file lacks are marked too. */
    marks({ rows, fileRowOf, isAdded }: Pick<OrderedRows, "rows" | "fileRowOf" | "isAdded">): TableRows["absent"] {
      const marksOf = ([index, own]: readonly [number, readonly number[]]) => {
        const fileRows = new Uint8Array(own.reduce((most, row) => Math.max(most, row + 1), 0));
        for (const row of own) fileRows[row] = 1;
        const marks = new Uint8Array(rows).map((_, row) => (isAdded(row) ? 1 : (fileRows[fileRowOf(row)] ?? 0)));
        return [index, marks] as const;
      };
      return new Map([...rowsOf].map(marksOf));
    },
  };
}

/**
 * The splits without the windows that have a target that the file lacks.
 *
 * @param span rows from the first target of a window to its last.
 */
export function withoutAbsentTargets(
  data: NormalTableData,
  { rows, absent }: Pick<TableRows, "rows" | "absent">,
  { firstRows, splits }: { readonly firstRows: ArrayLike<number>; readonly splits: Splits },
  span: number,
): Result<{ readonly splits: Splits; readonly notices: readonly string[] }> {
  const marks = [...absent.values()];
  /** Before each row, the number of rows that lack a target. */
  const before = new Uint32Array(rows + 1);
  for (let row = 0; row < rows; row++)
    before[row + 1] = (before[row] ?? 0) + Number(marks.some((own) => own[row] === 1));
  if (before[rows] === 0) return ok({ splits, notices: [] });
  const { horizon } = data;
  const window = rowsOfExample(data);
  const steps = span - rowsAhead(data) + Math.min(...horizon);
  const isComplete = (example: number) => {
    const end = (firstRows[example] ?? 0) + window;
    return horizon.every((row) => before[end + row] === before[end + row - steps]);
  };
  const kept = {
    train: splits.train.filter(isComplete),
    validation: splits.validation.filter(isComplete),
    test: splits.test.filter(isComplete),
  };
  const names = ["train", "validation", "test"] as const;
  const empty = names.filter((name) => kept[name].length === 0 && splits[name].length > 0);
  if (empty.length > 0) return fail(empty.map((name) => noTargetsProblem(data, name)));
  const count = names.reduce((sum, name) => sum + splits[name].length - kept[name].length, 0);
  const windows = formatCount(count, data.window === null ? "row" : "window");
  const notice = `${windows} with a target that "${data.file}" lacks ${count === 1 ? "is" : "are"} left out of training and evaluation.`;
  return ok({ splits: kept, notices: count === 0 ? [] : [notice] });
}

function noTargetsProblem({ file }: Pick<NormalTableData, "file">, name: keyof Splits): RunProblem {
  return {
    code: "empty-split",
    path: "/data/missing",
    file,
    message: `Each window of the ${name} split has a target that "${file}" lacks.`,
    hint: 'Write the targets into the file, or set data.missing to "drop" (windows reach across).',
  };
}
