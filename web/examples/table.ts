/** Table rows as CSV, and as scaled model inputs. */
import { gatherRows, gatherWindows, type Series } from "../../runtime/data/batching/windows.js";
import type { TableMetadata } from "../../runtime/data/metadata.js";
import { scalerOf, scaleValue } from "../../runtime/data/scaler.js";
import { formatCount } from "../../runtime/format.js";
import { ok } from "../../runtime/result.js";
import type { NumericArray } from "../../runtime/tensors/array.js";
import type { PageManifest } from "../../runtime/web/page-manifest.js";
import { invalid, nonBlankLines } from "./parse-lines.js";
import type { TrainingSetResult } from "./training-set.js";

/** The input columns of the model, scaled; they are the first columns of each row. */
export function scaledSeries(
  rows: readonly (readonly (number | string)[])[],
  { columns, scaler }: TableMetadata,
): Series {
  const data = Float32Array.from(
    rows.flatMap((row) =>
      columns.map((name, column) => {
        const scaling = scalerOf(scaler, name);
        const value = Number(row[column]);
        return scaling === undefined ? value : scaleValue(value, scaling);
      }),
    ),
  );
  return { dtype: "float32", width: columns.length, data };
}

/** Parses comma-separated rows below a header. */
export function tableTrainingSet(text: string, metadata: TableMetadata, page: PageManifest): TrainingSetResult {
  const { columns, target, scaler, classes } = metadata;
  const [header, ...lines] = nonBlankLines(text);
  const names = splitFields(header?.line ?? "");
  const requiredColumns = [...columns, ...target.filter((name) => !columns.includes(name))];
  const missing = requiredColumns.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    return invalid(
      `The header has no column ${missing.join(", ")}.`,
      `The required columns are ${requiredColumns.join(",")}`,
    );
  }
  const repeated = requiredColumns.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (repeated.length > 0)
    return invalid(`The header has more than one column ${repeated.join(", ")}.`, "Rename one of them.");
  const isLabelled = page.uses.targets === "classes";
  const columnIndices = requiredColumns.map((name) => names.indexOf(name));
  const rows: (number | string)[][] = [];
  for (const { line, number } of lines) {
    const fields = splitFields(line);
    const row = columnIndices.map((index, column) =>
      isLabelled && requiredColumns[column] === target[0] ? (fields[index] ?? "") : parseNumber(fields[index]),
    );
    const wrong = row.findIndex((value) => typeof value === "number" && !Number.isFinite(value));
    if (wrong >= 0) return invalid(`Line ${number} has no number in column ${requiredColumns[wrong]}.`);
    rows.push(row);
  }
  const { everyStep } = page.uses;
  const { horizon } = page.training;
  const ahead = Math.max(...horizon);
  const window = page.training.window ?? 1;
  const examples = rows.length - window - ahead + 1;
  if (examples < 1)
    return invalid(
      `Too short: ${formatCount(rows.length, "row")}.`,
      `Training needs at least ${window + ahead}: a window of ${window} and its target.`,
    );

  const classNames = classes ?? null;
  const targetIndices = target.map((name) => requiredColumns.indexOf(name));
  const values = rows.flatMap((row) =>
    targetIndices.map((index) => {
      const value = row[index] ?? 0;
      if (isLabelled) return classNames === null ? Number(value) : classNames.indexOf(`${value}`);
      const scaling = page.uses.targets === "numbers" ? scalerOf(scaler, requiredColumns[index]) : undefined;
      return scaling === undefined ? Number(value) : scaleValue(Number(value), scaling);
    }),
  );
  if (isLabelled && values.some((value) => !(value >= 0))) {
    return invalid(
      "A row has an unknown class.",
      classNames === null ? "" : `The classes are ${classNames.join(", ")}.`,
    );
  }
  const inputs = scaledSeries(rows, metadata);
  const width = target.length;
  const targets: Series = isLabelled
    ? { dtype: "int32", width: 1, data: Int32Array.from(values) }
    : { dtype: "float32", width, data: Float32Array.from(values) };
  // The targets of a window are rows after its end; with a target per step, after each step.
  const targetSteps = everyStep ? Array.from({ length: window }, (_, step) => step) : [window - 1];
  const targetRows = targetSteps.flatMap((step) => horizon.map((row) => step + row));
  return ok({
    examples,
    summary: `${formatCount(rows.length, "row")}, ${formatCount(examples, "window")} of ${window}`,
    batch(indices) {
      const steps = everyStep ? [window] : [];
      const shape = [indices.length, ...steps, ...(isLabelled ? [] : [horizon.length * width])];
      return new Map<string, NumericArray>([
        [
          "inputs",
          gatherWindows(inputs, { stride: 1, shift: 0, length: window }, indices, [
            indices.length,
            ...(page.training.window === null ? [] : [window]),
            columns.length,
          ]),
        ],
        ["targets", gatherRows(targets, indices, targetRows, shape)],
      ]);
    },
  });
}

function splitFields(line: string): readonly string[] {
  return line.split(/[,;\t]/u).map((text) => text.trim().replace(/^"(.*)"$/u, "$1"));
}

function parseNumber(text: string | undefined): number {
  return text === undefined || text === "" ? Number.NaN : Number(text);
}
