/** Problems of the size of a table: too few rows for a window and its target, and numbers beyond float32. */
import { rowsOfExample } from "../../../../schema/kinds/columns.js";
import { rowsAhead } from "../../../../schema/kinds/horizon.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { formatCount, formatInteger } from "../../../format.js";
import type { RunProblem } from "../../../problem.js";

/** @param isFixed true for a model whose window is given. */
export function tooShortProblem(data: NormalTableData, rows: number, dropped: number, isFixed: boolean): RunProblem {
  const { file } = data;
  const ahead = rowsAhead(data);
  const window = rowsOfExample(data);
  if (data.group !== null) {
    const message = `No series of "${file}" has ${formatCount(window + ahead, "row")}, a window and its target.`;
    return { code: "table-too-short", path: "/data/window", message, hint: "Use a smaller window, or longer series." };
  }
  if (data.window === null)
    return {
      code: "table-too-short",
      path: "/data/file",
      file,
      message: `"${file}" has no rows left: ${formatInteger(dropped)} without a value are left out.`,
      hint: "Check data.target, or leave columns without values out of data.columns.",
    };
  const left = dropped === 0 ? "" : ` left (data.missing drops ${formatInteger(dropped)} without a value)`;
  return {
    code: "table-too-short",
    path: isFixed ? "/data/file" : "/data/window",
    message:
      `"${file}" has ${formatCount(rows, "row")}${left}, but a window of ${window} and a target ` +
      `${formatCount(ahead, "row")} later need ${window + ahead}.`,
    hint:
      rows > ahead && !isFixed
        ? `Use a window of at most ${rows - ahead}, or a longer table.`
        : dropped === 0
          ? "Use a longer table."
          : 'Leave columns without values out by data.columns, or set data.missing to "previous".',
  };
}

export function tooLargeProblem({ file }: NormalTableData, column: string): RunProblem {
  return {
    code: "table-value",
    path: "/data/file",
    file,
    message: `Column "${column}" of "${file}" has numbers that are too large for float32.`,
    hint: 'Set data.scale to "min_max" or "standard".',
  };
}
