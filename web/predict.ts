/** Predictions of the model for a batch: probabilities, or values in the scale of training. */
import type { Batch } from "../runtime/data/source.js";
import { type Scores, toProbabilities } from "../runtime/predict/format-predictions.js";
import { predictSeries, type SeriesInputs } from "../runtime/predict/stateful.js";
import { feedsFor, portsWithRole, predictionPort } from "../runtime/sessions/ports.js";
import { feedsOf, floatsOf } from "../runtime/tensors/ort.js";
import type { Model } from "./load-model.js";

/** @returns the prediction after each window of a series; the states of a stateful model continue from row to row. */
export async function predictWindows(model: Model, series: SeriesInputs): Promise<readonly Scores[]> {
  const { page, parameters } = model;
  const ports = page.manifest.eval;
  if (ports === null) {
    const starts = Array.from({ length: series.rows - series.window + 1 }, (_, row) => row);
    return predict(model, series.read(starts, series.window));
  }
  const graph = { session: await model.session("eval"), ports, parameters: feedsOf(parameters) };
  // A page has one output.
  const [scores = []] = (await predictSeries(graph, series)).values();
  return scores.map((windowScores) => toProbabilities(page, page.uses.targets, windowScores));
}

/** @returns one prediction per row, of shape [size] or [steps, size]. */
export async function predict(model: Model, batch: Batch): Promise<readonly Scores[]> {
  const { page } = model;
  const { inputs } = page.manifest.model;
  const output = predictionPort(page.manifest.model);
  const rows = batch.values().next().value?.shape[0] ?? 0;
  const data = feedsFor(portsWithRole(inputs, "data"), ({ name }) => batch.get(name));
  const session = await model.session("model");
  const results = await session.run(data);
  const values = floatsOf(results, output);
  const [, ...shape] = results[output.name]?.dims ?? [];
  const width = values.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    toProbabilities(page, page.uses.targets, { shape, data: values.slice(row * width, (row + 1) * width) }),
  );
}
