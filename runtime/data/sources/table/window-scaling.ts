/** Windows that are scaled by their own rows: the scaled columns, and the checks of outputs and targets. */
import type { Signature } from "../../../../compiler/signature.js";
import { child } from "../../../../schema/json-pointer.js";
import { ONLY_TARGET } from "../../../../schema/kinds/outputs.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import type { Uses } from "../../source.js";
import type { TableRows } from "./contents.js";
import { featuresOf } from "./inputs.js";

type Scaling = NonNullable<Signature["window_scaling"]>;

/** Undefined for windows without a scale of their own. */
export function windowScaling(data: NormalTableData, read: TableRows): Scaling | undefined {
  if (data.scale?.per !== "window") return undefined;
  const features = featuresOf(read);
  const isScaled = ({ column, isIndicator }: (typeof features)[number]) =>
    !isIndicator && read.kinds[column]?.type !== "boolean";
  const placeOf = (column: number) => features.findIndex((each) => each.column === column && !each.isIndicator);
  const targets = read.targets.map(({ name, columns }) => [name, data.horizon.flatMap(() => columns.map(placeOf))]);
  return { columns: features.map(isScaled), targets: Object.fromEntries(targets) };
}

/** The problems of targets that are no inputs, and of their uses. */
export function checkWindowScaling(
  data: NormalTableData,
  { targets, columns, inputs }: TableRows,
): readonly RunProblem[] {
  if (data.scale?.per !== "window") return [];
  return targets.flatMap(({ name, columns: own }) => {
    const missing = own.find((column) => !inputs.includes(column));
    if (missing === undefined) return [];
    const path = name === ONLY_TARGET ? "/data/target" : child("/data/target", name);
    const message = `The target "${columns[missing]}" is no input, so that no window has a scale for it.`;
    return [
      { code: "table-scale", path, message, hint: 'Add it to data.columns, or write "per": "column" in data.scale.' },
    ];
  });
}

/** The problems of uses of targets that windows cannot scale, as the spec alone shows them. */
export function checkScaledUses(
  { scale }: Pick<NormalTableData, "scale">,
  uses: ReadonlyMap<string, Uses>,
): readonly RunProblem[] {
  if (scale?.per !== "window") return [];
  return [...uses.values()].flatMap(({ everyStep, targets, loss }) => {
    const problem = { code: "table-scale", path: "/data/scale" };
    if (targets !== "numbers") {
      const message = `${loss} reads ${targets}, which a window does not scale.`;
      return [{ ...problem, message, hint: 'Write "per": "column" in data.scale, or use a loss of numbers.' }];
    }
    if (!everyStep) return [];
    const message = "An output of a step would depend on later rows of its window, which the scale is computed from.";
    return [{ ...problem, message, hint: 'Write "return": "last" in the last rnn layer, or "per": "column".' }];
  });
}
