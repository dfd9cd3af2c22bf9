/** Samples while training: what they need of the data and of the model. */
import type { Report } from "../diagnostics.js";
import type { NormalData, NormalLayer, NormalTrain } from "../normal.js";
import { needsWhole } from "../streaming.js";

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
  const reason = needsWhole(model);
  if (reason !== undefined) problem(`Samples are written unit by unit, which this model cannot do: ${reason}.`);
}
