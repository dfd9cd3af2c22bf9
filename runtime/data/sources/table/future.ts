/** Columns that are known ahead: their values in the rows to be predicted, as inputs of their own. */
import { type Signature, sideTimeAxis, vocabularySize } from "../../../../compiler/signature.js";
import { quote } from "../../../../schema/diagnostics/suggest.js";
import { child } from "../../../../schema/json-pointer.js";
import { futureInput, isFutureInput } from "../../../../schema/kinds/horizon.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import type { NumericArray } from "../../../tensors/array.js";
import { gatherRows } from "../../batching/windows.js";
import type { Uses } from "../../source.js";
import type { TableRows } from "./contents.js";
import { featuresOf, type IdSeries, type TableInputs } from "./inputs.js";

/** The inputs of the rows to be predicted. */
export interface FutureInputs {
  /** Places in the features of `inputs`. */
  readonly features: readonly number[];
  /** Names of inputs of ids. */
  readonly ids: readonly string[];
}

type Read = Pick<TableRows, "columns" | "specNames" | "inputs" | "kinds" | "targets">;

/** The inputs that are known ahead: the named columns, and the calendar features of dates; null without such columns. */
export function futureInputs(
  data: Pick<NormalTableData, "known_future" | "file">,
  read: Read,
  ids: readonly Pick<IdSeries, "name" | "column">[],
): Result<FutureInputs | null> {
  const { known_future: known, file } = data;
  if (known === null) return ok(null);
  const features = featuresOf(read);
  const places: number[] = [];
  const names = new Set(ids.filter(({ column }) => "feature" in column).map(({ name }) => name));
  const problems = known.flatMap((wanted, position): readonly RunProblem[] => {
    const column = read.columns.findIndex((name, index) => name === wanted || read.specNames[index] === wanted);
    const path = child("/data/known_future", position);
    const shown = `Column ${quote(wanted)} of "${file}"`;
    if (column < 0 || !read.inputs.includes(column)) {
      const hint = "Add it to data.columns, or correct its name.";
      return [{ code: "known-future", path, message: `${shown} is no input.`, hint }];
    }
    if (read.targets.some(({ use, columns }) => use !== null && columns.includes(column))) {
      const hint = "Remove it: the values to be predicted are not known ahead.";
      return [{ code: "known-future", path, message: `${shown} is a target.`, hint }];
    }
    for (const [place, feature] of features.entries()) if (feature.column === column) places.push(place);
    for (const id of ids) if (id.column.column === wanted) names.add(id.name);
    return [];
  });
  if (problems.length > 0) return fail(problems);
  return ok({
    features: places.sort((a, b) => a - b),
    ids: ids.flatMap(({ name }) => (names.has(name) ? [name] : [])),
  });
}

/** The arrays [batch, rows to be predicted, features] of windows. */
export function futureArrays(
  { features, ids }: FutureInputs,
  inputs: TableInputs,
  starts: ArrayLike<number>,
  window: number,
  horizon: readonly number[],
): readonly (readonly [string, NumericArray])[] {
  const rows = horizon.map((row) => window - 1 + row);
  const leading = [starts.length, horizon.length];
  const idArrays = inputs.ids.flatMap(({ name, ids: data }) =>
    ids.includes(name)
      ? [[futureInput(name), gatherRows({ dtype: "int32", width: 1, data }, starts, rows, leading)] as const]
      : [],
  );
  if (inputs.numbers === null || features.length === 0) return idArrays;
  const { width } = inputs.numbers;
  const all = gatherRows(inputs.numbers, starts, rows, [...leading, width]);
  const data = Float32Array.from({ length: starts.length * horizon.length * features.length }, (_, index) => {
    const row = Math.floor(index / features.length);
    return Number(all.data[row * width + (features[index % features.length] ?? 0)]);
  });
  return [[futureInput(null), { dtype: "float32", shape: [...leading, features.length], data }], ...idArrays];
}

/** The signature with the inputs of the rows to be predicted. @param features their number, where there are some. */
export function withFuture(
  signature: Signature,
  { features, ids }: { readonly features: number | string; readonly ids: readonly string[] },
  horizon: readonly number[],
): Signature {
  const axis = sideTimeAxis(futureInput(null));
  const arrays = [
    ...(features === 0 ? [] : [[futureInput(null), { dtype: "float32", shape: ["batch", axis, features] }] as const]),
    ...ids.map((name) => [futureInput(name), { dtype: "int32", shape: ["batch", axis] }] as const),
  ];
  const sizes = ids.map((name) => [vocabularySize(futureInput(name)), signature.sizes[vocabularySize(name)] ?? name]);
  return {
    ...signature,
    side_inputs: { ...signature.side_inputs, ...Object.fromEntries(arrays) },
    side_steps: { ...signature.side_steps, [axis]: horizon.length },
    sizes: { ...signature.sizes, ...Object.fromEntries(sizes) },
    expected: { ...signature.expected, [axis]: horizon.length },
  };
}

/** The problems of outputs that have a step for each row to be predicted: targets are numbers of all rows. */
export function checkFutureUses(
  { known_future: known }: Pick<NormalTableData, "known_future">,
  uses: ReadonlyMap<string, Uses>,
): readonly RunProblem[] {
  if (known === null) return [];
  const isFuture = ({ everyStep, outputTimeAxis }: Uses) =>
    everyStep && outputTimeAxis((name) => (isFutureInput(name) ? "future" : "time")) === "future";
  if (![...uses.values()].some(isFuture)) return [];
  const message =
    "The model has an output for each step of the rows to be predicted, but its targets are one list of numbers.";
  const hint =
    'Write "return": "last" in the rnn layer that reads "future": the last layer has the numbers of all rows.';
  return [{ code: "known-future", path: "/data/known_future", message, hint }];
}
