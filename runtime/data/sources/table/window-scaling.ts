/** Windows that are scaled by their own rows: the scaled columns, and the checks of outputs and targets. */
import type { SeriesScales, Signature } from "../../../../compiler/signature.js";
import { child } from "../../../../schema/json-pointer.js";
import { isScaledInModel } from "../../../../schema/kinds/columns.js";
import { ONLY_TARGET } from "../../../../schema/kinds/outputs.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import type { Uses } from "../../source.js";
import type { TableRows } from "./contents.js";
import type { FutureInputs } from "./future.js";
import { type Feature, featuresOf } from "./inputs.js";
import { iterateRows } from "./row-order.js";

type Scaling = NonNullable<Signature["window_scaling"]>;

/** True for a feature whose values are scaled: the numbers of a column, no marks and booleans. */
export function isScaledFeature({ kinds }: Pick<TableRows, "kinds">) {
  return ({ column, isIndicator }: Feature) => !isIndicator && kinds[column]?.type !== "boolean";
}

/** Undefined for windows that the model does not scale. @param series the scales of series; null for those of windows. */
export function windowScaling(
  data: NormalTableData,
  read: TableRows,
  future: FutureInputs | null,
  series: SeriesScales | null,
): Scaling | undefined {
  if (!isScaledInModel(data)) return undefined;
  const features = featuresOf(read);
  const isScaled = isScaledFeature(read);
  const placeOf = (column: number) => features.findIndex((each) => each.column === column && !each.isIndicator);
  const targets = read.targets.map(({ name, columns }) => [name, data.horizon.flatMap(() => columns.map(placeOf))]);
  return {
    columns: features.map(isScaled),
    targets: Object.fromEntries(targets),
    ...(future !== null && future.features.length > 0 && { future: future.features }),
    ...(series !== null && { series: { location: series.location, scale: series.scale } }),
  };
}

/** The problems of targets that are no inputs, or of the first number without a logarithm. */
export function checkWindowScaling(data: NormalTableData, read: TableRows): readonly RunProblem[] {
  if (!isScaledInModel(data)) return [];
  const { targets, columns, inputs } = read;
  const unscaled = targets.flatMap(({ name, columns: own }) => {
    const missing = own.find((column) => !inputs.includes(column));
    if (missing === undefined) return [];
    const path = name === ONLY_TARGET ? "/data/target" : child("/data/target", name);
    const message = `The target "${columns[missing]}" is no input, so that no ${data.scale?.per} has a scale for it.`;
    return [
      { code: "table-scale", path, message, hint: 'Add it to data.columns, or write "per": "column" in data.scale.' },
    ];
  });
  const nonPositive = unscaled.length === 0 ? findNonPositive(data, read) : null;
  return nonPositive === null ? unscaled : [nonPositive];
}

/** The problem of the first number without a logarithm, where the scale is one of logarithms; null for none. */
export function findNonPositive(
  { file, scale }: Pick<NormalTableData, "file" | "scale">,
  read: Pick<TableRows, "columns" | "inputs" | "kinds" | "values" | "lineOf">,
): RunProblem | null {
  if (scale?.type !== "log") return null;
  const scaled = featuresOf(read).filter(isScaledFeature(read));
  let index = 0;
  for (const row of iterateRows(read.values, read.columns.length)) {
    const found = scaled.find(({ column }) => (row[column] ?? 1) <= 0);
    if (found !== undefined) {
      const line = read.lineOf(index);
      const message = `${file}:${line}: Column "${found.name}" has ${row[found.column]}, which has no logarithm.`;
      const hint = 'Write "mean_abs" or "standard" as the type of data.scale, or remove the column from data.columns.';
      return { code: "table-value", path: "/data/scale", file, line, message, hint };
    }
    index += 1;
  }
  return null;
}

/** The problems of uses of targets that windows cannot scale, as the spec alone shows them. */
export function checkScaledUses(
  { scale }: Pick<NormalTableData, "scale">,
  uses: ReadonlyMap<string, Uses>,
): readonly RunProblem[] {
  if (scale === null || !isScaledInModel({ scale })) return [];
  return [...uses.values()].flatMap(({ everyStep, targets, loss }) => {
    const problem = { code: "table-scale", path: "/data/scale" };
    if (targets !== "numbers") {
      const message = `${loss} reads ${targets}, which are not scaled by the ${scale.per}.`;
      return [{ ...problem, message, hint: 'Write "per": "column" in data.scale, or use a loss of numbers.' }];
    }
    if (!everyStep) return [];
    const message =
      scale.per === "window"
        ? "An output of a step would depend on later rows of its window, which the scale is computed from."
        : "Scales of series are for one output of a window, not for one of each step.";
    return [{ ...problem, message, hint: 'Write "return": "last" in the last rnn layer, or "per": "column".' }];
  });
}
