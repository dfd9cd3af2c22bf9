/** Rows of a table as they are written on a page, and as the model reads them. */
import type { TableMetadata } from "../../runtime/data/metadata.js";
import { scaled } from "../../runtime/data/scaler.js";
import type { NumericArray } from "../../runtime/data/source.js";
import { gatherWindows, type Series } from "../../runtime/data/windows.js";
import type { Page } from "../../runtime/web/page.js";
import type { ReadLesson } from "./lesson.js";
import { counted, linesOf, refused } from "./problem.js";

/** The columns that the model reads, scaled; they are the first of each row. */
export function scaledSeries(
  rows: readonly (readonly (number | string)[])[],
  { columns, scaler }: TableMetadata,
): Series {
  const data = Float32Array.from(
    rows.flatMap((row) =>
      columns.map((name, column) => {
        const scaling = scaler[name];
        const value = Number(row[column]);
        return scaling === undefined ? value : scaled(value, scaling);
      }),
    ),
  );
  return { dtype: "float32", width: columns.length, data };
}

/** Comma-separated rows under a line of names. */
export function tableLesson(text: string, metadata: TableMetadata, page: Page): ReadLesson {
  const { columns, target, scaler, classes } = metadata;
  const [head, ...lines] = linesOf(text);
  const names = fieldsOf(head?.line ?? "");
  const wanted = [...columns, ...target.filter((name) => !columns.includes(name))];
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    return refused(`The first line names no ${missing.join(", ")}.`, `It names the columns: ${wanted.join(",")}`);
  }
  const labelled = page.uses.targets === "classes";
  const places = wanted.map((name) => names.indexOf(name));
  const rows: (number | string)[][] = [];
  for (const { line, number } of lines) {
    const fields = fieldsOf(line);
    const row = places.map((place, column) =>
      labelled && wanted[column] === target[0] ? (fields[place] ?? "") : numberOf(fields[place]),
    );
    const wrong = row.findIndex((value) => typeof value === "number" && !Number.isFinite(value));
    if (wrong >= 0) return refused(`Line ${number} has no number in column ${wanted[wrong]}.`);
    rows.push(row);
  }
  const { everyStep } = page.uses;
  const { horizon } = page.training;
  const window = page.training.window ?? 1;
  const examples = rows.length - window - horizon + 1;
  if (examples < 1)
    return refused(
      `Too few: ${counted(rows.length, "row")}.`,
      `The model reads ${window} and foretells one: give it at least ${window + horizon}.`,
    );

  const classNames = classes ?? null;
  const answers = target.map((name) => wanted.indexOf(name));
  const values = rows.flatMap((row) =>
    answers.map((place) => {
      const value = row[place] ?? 0;
      if (labelled) return classNames === null ? Number(value) : classNames.indexOf(`${value}`);
      const scaling = page.uses.targets === "numbers" ? scaler[wanted[place] ?? ""] : undefined;
      return scaling === undefined ? Number(value) : scaled(Number(value), scaling);
    }),
  );
  if (labelled && values.some((value) => !(value >= 0))) {
    return refused(
      "A row has a class that the model does not know.",
      classNames === null ? "" : `It knows ${classNames.join(", ")}.`,
    );
  }
  const inputs = scaledSeries(rows, metadata);
  const width = target.length;
  const targets: Series = labelled
    ? { dtype: "int32", width: 1, data: Int32Array.from(values) }
    : { dtype: "float32", width, data: Float32Array.from(values) };
  // The target of a window is a row behind its end; of a step of it, a row behind the step.
  const ahead = { stride: 1, shift: everyStep ? horizon : window + horizon - 1, length: everyStep ? window : 1 };
  return {
    ok: true,
    lesson: {
      examples,
      about: `${counted(rows.length, "row")}, ${counted(examples, "window")} of ${window}`,
      batch(indices) {
        const steps = everyStep ? [window] : [];
        const shape = [indices.length, ...steps, ...(labelled ? [] : [width])];
        return new Map<string, NumericArray>([
          [
            "inputs",
            gatherWindows(inputs, { stride: 1, shift: 0, length: window }, indices, [
              indices.length,
              window,
              columns.length,
            ]),
          ],
          ["targets", gatherWindows(targets, ahead, indices, shape)],
        ]);
      },
    },
  };
}

function fieldsOf(line: string): readonly string[] {
  return line.split(/[,;\t]/u).map((text) => text.trim().replace(/^"(.*)"$/u, "$1"));
}

function numberOf(text: string | undefined): number {
  return text === undefined || text === "" ? Number.NaN : Number(text);
}
