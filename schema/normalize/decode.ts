/** Forecasts that feed predicted rows back: the checks of the horizon, the losses and the layers. */
import type { Report } from "../diagnostics/index.js";
import type { SourceMap } from "../diagnostics/source-map.js";
import { hasPointForecast } from "../kinds/forecasts.js";
import { lossName } from "../kinds/losses.js";
import type { NormalData, NormalLayer, NormalLoss } from "../normal/index.js";
import type { Spec } from "../spec.types.js";
import { carriesStates } from "./stateful.js";

interface Decoded {
  readonly data: NormalData;
  readonly model: readonly NormalLayer[];
  readonly losses: readonly NormalLoss[];
  readonly regularization: Spec["regularization"] | undefined;
}

const direct = 'Write "decode": "direct"';

/** Reports settings with which a prediction is no next row of a window. */
export function checkDecode(
  { data, model, losses, regularization }: Decoded,
  pathOf: SourceMap["pathOf"],
  report: Report,
): void {
  if (data.type !== "table" || data.decode !== "autoregressive") return;
  const refuse = (path: string, message: string, hint: string) => report({ code: "decode", path, message, hint });
  if (data.window === null)
    refuse("/data/decode", "Predictions are fed back into a window of rows.", 'Write "window", or "direct".');
  else if (data.horizon.some((row, place) => row !== place + 1)) {
    const message = "Predictions are fed back from each row to the next one, but the horizon skips rows.";
    const most = Math.max(1, ...data.horizon);
    refuse("/data/horizon", message, `Write "horizon": ${most} for the next ${most} rows, or "decode": "direct".`);
  }
  for (const loss of losses.filter((each) => !hasPointForecast(each))) {
    const isQuantile = loss.type === "quantile";
    const message = isQuantile
      ? "The median is fed back, but the loss has no level 0.5."
      : `The outputs of ${lossName(loss)} are no numbers that could be fed back.`;
    const hint = isQuantile ? 'Add 0.5 to "levels" of the loss.' : `${direct}, or use a loss of numbers.`;
    refuse(pathOf(loss, isQuantile ? "levels" : "type"), message, hint);
  }
  if (carriesStates(model)) {
    const message = "Stateful layers read each row once, but windows with predicted rows read it again.";
    refuse("/data/decode", message, `${direct}, or remove "stateful".`);
  }
  if ((regularization?.activity ?? 0) > 0) {
    const message = "Evaluations feed predictions back in a loop, outside of which layers have no outputs to penalize.";
    refuse("/regularization/activity", message, `Remove "activity", or write "decode": "direct".`);
  }
}
