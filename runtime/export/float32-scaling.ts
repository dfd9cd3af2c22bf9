/** Notices of an exported model whose scalers lose precision: its inputs and outputs are float32, in the data's units. */
import type { Metadata } from "../data/metadata.js";
import { type ScalerParameters, scalerOf } from "../data/scaler.js";
import { listFirst } from "../format.js";

/** The largest rounding error that is not stated, in standard deviations (or widths) of the column. */
const TOLERANCE = 1e-3;

export function float32ScalingNotices(metadata: Metadata): readonly string[] {
  if (metadata.type !== "table") return [];
  const { columns, target, scaler } = metadata;
  const names = [...new Set([...columns, ...target])].filter((name) => {
    const parameters = scalerOf(scaler, name);
    return parameters !== undefined && roundingError(parameters) > TOLERANCE;
  });
  if (names.length === 0) return [];
  const shown = listFirst(
    names.map((name) => JSON.stringify(name)),
    8,
  );
  const [subject, has] = names.length === 1 ? [`Column ${shown}`, "has"] : [`Columns ${shown}`, "have"];
  return [
    `${subject} ${has} an offset so large that float32 inputs and outputs of the exported model lose more than ` +
      `${TOLERANCE} standard deviations. Subtract a fixed offset from the data before training, or use predict.`,
  ];
}

/** The largest rounding error of a value near the offset in float32 (24 bits), scaled. */
function roundingError({ offset, factor }: ScalerParameters): number {
  if (offset === 0) return 0;
  return 2 ** (Math.floor(Math.log2(Math.abs(offset))) - 24) * factor;
}
