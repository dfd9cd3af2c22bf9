/** Reads the column of a table that orders its rows. */
import type { NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import { findColumn, makeUnique, shorten } from "../../formats/columns.js";
import type { Row } from "../../formats/csv.js";
import { isMissing } from "../../formats/number-notation.js";
import { hasOffset, offsetCheck, type TimeNotation, timeNotation, timeReader } from "../../formats/time-values.js";
import type { RowTimes } from "./row-time.js";

export interface TimeColumn extends RowTimes {
  /** The index of the column in the file. */
  readonly index: number;
  /** The problem of a row without a time. */
  check(row: Row): RunProblem | undefined;
  /** Adds the next row of the file. */
  add(fields: readonly string[]): void;
}

/**
 * The column of data.time; null without one.
 *
 * @param fitted the notation of a trained model, in place of that of the first row.
 */
export function openTimeColumn(
  { file, time }: Pick<NormalTableData, "file" | "time">,
  names: readonly string[],
  first: Row,
  fitted: TimeNotation | null = null,
): Result<TimeColumn | null> {
  if (time === null) return ok(null);
  const place = findColumn(time.column, names);
  if (!place.ok) {
    const { fault, hint } = place.error;
    return fail([{ code: "table-column", path: "/data/time", message: `"${file}" ${fault}.`, hint }]);
  }
  const index = place.value;
  const column = makeUnique(names)[index] ?? `${index + 1}`;
  const problem = ({ fields, line }: Row, what: string, hint: string): RunProblem => {
    const message = `${file}:${line}: Column "${column}", data.time, has ${fields[index] === "" ? "no value" : `"${shorten(fields[index] ?? "")}"`}${what}.`;
    return { code: "table-time", path: "/data/file", file, line, column: index + 1, message, hint };
  };
  const found = fitted ?? timeNotation(first.fields[index] ?? "", time.format);
  if ("formats" in found) {
    const [format = "%d.%m.%Y"] = found.formats;
    const hint = `Write its format, such as "time": { "column": ${JSON.stringify(time.column)}, "format": "${format}" }.`;
    return fail([problem(first, ", which is neither a date as in ISO 8601 nor a number", hint)]);
  }
  const [read, hasOtherZone] = [timeReader(found), offsetCheck(found)];
  const times: number[] = [];
  const texts: string[] | null = hasOffset(found) ? [] : null;
  const wanted = found.isDate
    ? `date${time.format === null ? " as in ISO 8601" : ` of the format "${time.format}"`}`
    : "number";
  return ok({
    index,
    column,
    notation: found,
    times,
    texts,
    check(row) {
      const field = row.fields[index] ?? "";
      if (Number.isFinite(read(field))) {
        if (!hasOtherZone(field)) return undefined;
        const what = `; of it and of "${found.example}" one has an offset from UTC, and the other has none`;
        return problem(row, what, "Write the times of all rows with an offset, or all without one.");
      }
      const hint = isMissing(field)
        ? "Write the time of the row, or remove the row."
        : "Correct the file, or the format of data.time.";
      return problem(row, isMissing(field) ? "" : `, which is no ${wanted}`, hint);
    },
    add(fields) {
      const field = fields[index] ?? "";
      times.push(read(field));
      texts?.push(field);
    },
  });
}
