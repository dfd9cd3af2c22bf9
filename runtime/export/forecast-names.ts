/** The numbers of an output of forecasts by name, those of `rnnx predict`. */
import { hasPointForecast, levelsOf } from "../../schema/kinds/forecasts.js";
import type { NormalLoss } from "../../schema/normal/index.js";
import { boundaryOf, type TrainedModel } from "./source-run.js";

/** The ends of the names of the numbers of a target: none of the point forecast, `_std`, `_<level>`. */
export function forecastSuffixes(loss: NormalLoss): readonly string[] {
  const levels = levelsOf(loss);
  return [
    ...(hasPointForecast(loss) ? [""] : []),
    ...(levels.length === 0 ? ["_std"] : levels.map((level) => `_${level}`)),
  ];
}

/** By the name of the output in the exported model. */
export function forecastNames(
  trained: Pick<TrainedModel, "spec" | "metadata">,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    boundaryOf(trained).predictions.flatMap(({ prefix, forecasts }) => {
      if (forecasts === null) return [];
      const { loss, targets } = forecasts;
      const suffixes = forecastSuffixes(loss);
      const names = targets.flatMap((target) => suffixes.map((suffix) => `${target}${suffix}`));
      return [[`${prefix}forecasts`, names] as const];
    }),
  );
}
