/** Requirements of samples during training: text data, and a model that can run step by step. */
import type { Report } from "../diagnostics/index.js";
import { whyNotStreamable } from "../kinds/layers.js";
import type { NormalData, NormalLayer, NormalLoss, NormalTrain } from "../normal/index.js";

export function checkSample(
  { sample }: Pick<NormalTrain, "sample">,
  data: NormalData,
  model: readonly NormalLayer[],
  losses: readonly NormalLoss[],
  report: Report,
): void {
  if (sample === null) return;
  const problem = (message: string) =>
    report({ code: "sample", path: "/train/sample", atKey: true, message, hint: 'Remove "sample".' });
  if (losses.length > 1) problem("Samples need a model with one output, but this one has several.");
  if (data.type !== "text") problem(`Samples need text data, but the data is of type ${data.type}.`);
  const reason = whyNotStreamable(model);
  if (reason !== undefined)
    problem(`Samples are generated step by step, which this model does not support: ${reason}.`);
}
