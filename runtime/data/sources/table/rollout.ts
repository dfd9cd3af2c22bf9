/** Predictions that are fed back: the sources of the columns of each next row, and the checks of inputs without one. */
import type { NextColumn, Rollout } from "../../../../compiler/signature.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { listFirst } from "../../../format.js";
import type { RunProblem } from "../../../problem.js";
import type { ScalerParameters } from "../../scaler.js";
import type { Uses } from "../../source.js";
import type { TableRows } from "./contents.js";
import type { FutureInputs } from "./future.js";
import { type Feature, featuresOf, type IdSeries } from "./inputs.js";
import type { StaticInputs } from "./static.js";

type Read = Pick<TableRows, "columns" | "specNames" | "inputs" | "kinds" | "targets">;

/** Undefined for a model that outputs all rows at once. @param scalers of the inputs, by column. */
export function rolloutOf(
  data: NormalTableData,
  read: Read,
  future: FutureInputs | null,
  scalers: ReadonlyMap<string, ScalerParameters>,
  constant: StaticInputs | null,
): Rollout | undefined {
  if (data.decode === "direct") return undefined;
  const sourceOf = ({ column, isIndicator }: Feature, place: number): NextColumn => {
    const ahead = future?.features.indexOf(place) ?? -1;
    if (ahead >= 0) return { future: ahead };
    if (constant?.features.includes(place)) return "same";
    const target = isIndicator ? undefined : read.targets.find(({ columns }) => columns.includes(column));
    if (target === undefined) return null;
    // Counts are targets as they are, but scaled inputs.
    const scaler = target.use?.targets === "numbers" ? undefined : scalers.get(read.columns[column] ?? "");
    return { target: target.name, place: target.columns.indexOf(column), ...(scaler && { scaler }) };
  };
  return { rows: data.horizon.length, columns: featuresOf(read).map(sourceOf) };
}

/** The problems of inputs whose next values are unknown, and of targets that are no inputs. */
export function checkRollout(
  data: NormalTableData,
  read: Read,
  future: FutureInputs | null,
  ids: readonly Pick<IdSeries, "name" | "column">[],
  constant: StaticInputs | null,
): readonly RunProblem[] {
  if (data.decode === "direct") return [];
  const targets = new Set(read.targets.flatMap(({ columns }) => columns));
  const features = featuresOf(read);
  const isNamed = (column: string) => data.group?.some((name) => String(name) === column) === true;
  const unknown = [
    ...features.flatMap(({ column, name, isIndicator }, place) =>
      isIndicator || targets.has(column) || future?.features.includes(place) || constant?.features.includes(place)
        ? []
        : [name],
    ),
    ...ids.flatMap(({ name, column }) =>
      future?.ids.includes(name) || constant?.ids.includes(name) || isNamed(column.column) ? [] : [column.column],
    ),
  ];
  if (unknown.length > 0) {
    const names = listFirst(
      [...new Set(unknown)].map((name) => JSON.stringify(name)),
      8,
    );
    const message = `The next rows need ${names} of "${data.file}", which the model reads but does not predict.`;
    const hint = "Add it to data.target, data.known_future or data.static, or leave it out of data.columns.";
    return [{ code: "decode", path: "/data/columns", message, hint }];
  }
  if (features.some(({ column }) => targets.has(column))) return [];
  const message = "No target is an input, so that no prediction is fed back.";
  return [
    { code: "decode", path: "/data/decode", message, hint: 'Add the target to data.columns, or write "direct".' },
  ];
}

/** The problems of outputs of each step, of which only the last one is the next row. */
export function checkRolloutUses(
  { decode }: Pick<NormalTableData, "decode">,
  uses: ReadonlyMap<string, Uses>,
): readonly RunProblem[] {
  if (decode === "direct" || ![...uses.values()].some(({ everyStep }) => everyStep)) return [];
  const message = "The model has an output for each step of a window, but one row is fed back.";
  const hint = 'Write "return": "last" in the last rnn layer.';
  return [{ code: "decode", path: "/data/decode", message, hint }];
}
