/** The notice of intervals without the errors of the rows before. */
import { isProbabilistic, levelsOf } from "../../schema/kinds/forecasts.js";
import type { NormalSpec } from "../../schema/normal/index.js";

/** @param samples the number of sample paths; 0 for levels after fed-back means or medians. */
export function fedBackNotices(
  { data, losses }: Pick<NormalSpec, "data" | "losses">,
  samples: number,
): readonly string[] {
  if (data.type !== "table" || data.decode === "direct" || data.horizon.length === 1 || samples > 0) return [];
  const loss = losses.find(isProbabilistic);
  if (loss === undefined) return [];
  const isQuantile = levelsOf(loss).length > 0;
  const fact = `The levels of a row are those after ${isQuantile ? "medians" : "means"} in the rows before it, so that later rows have intervals that are too narrow.`;
  return [isQuantile ? fact : `${fact} With predict --samples 200 they are those of sample paths.`];
}
