/** Samples while training: what they need of the data and of the model. */
import type { Report } from "../diagnostics/index.js";
import { whyNotStreamable } from "../kinds/layers.js";
import type { NormalData, NormalLayer, NormalTrain } from "../normal/index.js";

export function checkSample(
  { sample }: Pick<NormalTrain, "sample">,
  data: NormalData,
  model: readonly NormalLayer[],
  report: Report,
): void {
  if (sample === null) return;
  const problem = (message: string) =>
    report({ code: "sample", path: "/train/sample", atKey: true, message, hint: 'Leave "sample" out.' });
  if (data.type !== "text") problem(`Samples are text, and the data is of type ${data.type}.`);
  const reason = whyNotStreamable(model);
  if (reason !== undefined) problem(`Samples are written unit by unit, which this model cannot do: ${reason}.`);
}
