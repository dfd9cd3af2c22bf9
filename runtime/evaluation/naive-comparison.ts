/** The comparison of a trained model with forecasts that need no model. */
import { hasPointForecast } from "../../schema/kinds/forecasts.js";
import { predictsOwnRow } from "../../schema/kinds/horizon.js";
import { outputsOf } from "../../schema/kinds/outputs.js";
import { type Indices, preferredSplit } from "../data/splits.js";
import { formatCount, formatInteger } from "../format.js";
import { forecastDetails } from "./forecast-details.js";
import type { PredictionContext } from "./prediction-summary.js";
import { worseThanBaselines } from "./worse-than-baselines.js";

/** Windows that are compared at the end of a training. */
const MAX_WINDOWS = 2048;

/** The sentences at the end of a training, of the test split or the one that is there; none for other data than windows of tables. */
export async function naiveNotices(context: Omit<PredictionContext, "output">): Promise<readonly string[]> {
  const { spec, source } = context;
  const { splits, series } = source;
  if (spec.data.type !== "table" || series === undefined || predictsOwnRow(spec.data)) return [];
  const split = preferredSplit(splits, "afterTraining");
  const windows = spaced(splits[split]);
  const count =
    windows.length < splits[split].length
      ? `${formatInteger(windows.length)} of ${formatCount(splits[split].length, "window")} of `
      : "";
  const notices: string[] = [];
  for (const output of outputsOf(spec).filter(({ loss }) => hasPointForecast(loss))) {
    const details = await forecastDetails({ ...context, output }, windows, null);
    notices.push(...worseThanBaselines(details, `${count}the ${split} split`));
  }
  return notices;
}

/** At most `MAX_WINDOWS` examples at equal distances. */
function spaced(examples: Indices): Indices {
  const distance = Math.ceil(examples.length / MAX_WINDOWS);
  return examples.filter((_, index) => index % distance === 0);
}
