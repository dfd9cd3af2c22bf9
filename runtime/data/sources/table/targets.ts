/** The targets of a table as series, with the metadata of each, and the columns of a trained model. */

import { hasKinds } from "../../../../schema/kinds/columns.js";
import { ONLY_TARGET } from "../../../../schema/kinds/outputs.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import type { Series } from "../../batching/windows.js";
import type { Classes } from "../../labels.js";
import type { TableMetadata } from "../../metadata.js";
import { targetColumns } from "./columns.js";

/** A target as a series. */
export interface PreparedTarget {
  readonly name: string;
  readonly columns: readonly string[];
  readonly series: Series;
  /** Null when the target has numbers. */
  readonly classes: Classes | null;
  /** True for a target of each step. */
  readonly everyStep: boolean;
}

/** The columns that a model was trained on. */
export function fittedColumns(
  { columns, target }: NormalTableData,
  metadata: TableMetadata,
): Pick<NormalTableData, "columns" | "target"> {
  const [[first] = [ONLY_TARGET]] = targetColumns(target);
  const named = metadata.targets ?? (first === ONLY_TARGET ? null : { [first]: metadata });
  // Kinds name their columns themselves, and the targets that are none of them.
  if (hasKinds(columns)) return { columns, target };
  const entries = Object.entries(named ?? {}).map(([name, { target: wanted }]) => [name, wanted]);
  return { columns: metadata.columns, target: named === null ? metadata.target : Object.fromEntries(entries) };
}

/** The classes of the only target, or the columns of several by name; the names of outputs for several rows. */
export function targetsMetadata(
  targets: readonly PreparedTarget[],
  horizon: readonly number[],
): Pick<TableMetadata, "classes" | "targets" | "outputs"> {
  const classesOf = ({ classes, columns }: PreparedTarget) => {
    if (classes !== null) return { classes: classes.names };
    return horizon.length === 1 ? {} : { outputs: outputNames(columns, horizon) };
  };
  const [only, ...others] = targets;
  if (only === undefined || others.length === 0) return only === undefined ? {} : classesOf(only);
  return {
    targets: Object.fromEntries(
      targets.map((target) => [target.name, { target: target.columns, ...classesOf(target) }]),
    ),
  };
}

/** The numbers of an output for several rows by name, row by row: `<column>+<row>`. */
function outputNames(columns: readonly string[], horizon: readonly number[]): readonly string[] {
  return horizon.flatMap((row) => columns.map((name) => `${name}+${row}`));
}

/** Rows have no line numbers here; the message names the labels instead. */
export function unknownLabelsProblem(
  file: string,
  column: string,
  indices: readonly number[],
  labels: readonly string[],
): RunProblem {
  const names = [...new Set(indices.map((index) => labels[index] ?? ""))];
  const shown = names.slice(0, 5).map((name) => `"${name}"`);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : "";
  return {
    code: "unknown-class",
    path: "/data/file",
    file,
    message: `Column "${column}" of "${file}" has ${shown.join(", ")}${more}, which the model has no class for.`,
    hint: "Remove these rows, or train with data that has these classes.",
  };
}
