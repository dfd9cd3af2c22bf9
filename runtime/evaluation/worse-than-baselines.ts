/** Columns that a forecast without a model predicts better, in words. */
import { formatNumber } from "../format.js";
import type { ForecastDetails } from "./forecast-details.js";

/** A sentence for each column whose best baseline is better than the model. @param where the forecasts are; null where a title has it. */
export function worseThanBaselines(
  { columns = [], baselines = [] }: Partial<ForecastDetails>,
  where: string | null,
): readonly string[] {
  return columns.flatMap(({ column, mae }) => {
    const better = baselines.filter((baseline) => baseline.column === column && baseline.mae < mae);
    const [best] = better.toSorted((a, b) => a.mae - b.mae);
    if (best === undefined) return [];
    return [
      `${where === null ? "The" : `On ${where} the`} model is worse than the ${best.baseline} of "${column}" as a forecast: ` +
        `its mae is ${formatNumber(mae)}, that of the ${best.baseline} ${formatNumber(best.mae)}.`,
    ];
  });
}
