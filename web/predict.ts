/** Predictions of the model for a batch: probabilities, or values in the scale of training. */
import type { Batch } from "../runtime/data/source.js";
import { type Scores, toProbabilities } from "../runtime/predict/format-predictions.js";
import { predictSeries, type SeriesInputs } from "../runtime/predict/stateful.js";
import { feedsFor, portsWithRole, predictionPort } from "../runtime/sessions/ports.js";
import { feedsOf, floatsOf } from "../runtime/tensors/ort.js";
import type { PageOutput } from "../runtime/web/page-manifest.js";
import type { Model } from "./load-model.js";

/** The predictions of one output of the model, each of shape [size] or [steps, size]. */
export interface OutputPredictions {
  readonly output: PageOutput;
  readonly scores: readonly Scores[];
}

/** @returns the predictions after each window of a series; the states of a stateful model continue from row to row. */
export async function predictWindows(model: Model, series: SeriesInputs): Promise<readonly OutputPredictions[]> {
  const { page, parameters } = model;
  const ports = page.manifest.eval;
  if (ports === null) {
    const starts = Array.from({ length: series.rows - series.window + 1 }, (_, row) => row);
    return predict(model, series.read(starts, series.window));
  }
  const graph = { session: await model.session("eval"), ports, parameters: feedsOf(parameters) };
  const scores = await predictSeries(graph, series);
  return page.outputs.map((output) => ({
    output,
    scores: (scores.get(output.port) ?? []).map((window) => toProbabilities(output, output.uses.targets, window)),
  }));
}

/** @returns one prediction per row of the batch, for each output. */
export async function predict(model: Model, batch: Batch): Promise<readonly OutputPredictions[]> {
  const { page } = model;
  const { inputs } = page.manifest.model;
  const rows = batch.values().next().value?.shape[0] ?? 0;
  const data = feedsFor(portsWithRole(inputs, "data"), ({ name }) => batch.get(name));
  const session = await model.session("model");
  const results = await session.run(data);
  return page.outputs.map((output) => {
    const port = predictionPort(page.manifest.model, output.port);
    const values = floatsOf(results, port);
    const [, ...shape] = results[port.name]?.dims ?? [];
    const width = values.length / rows;
    const scores = Array.from({ length: rows }, (_, row) =>
      toProbabilities(output, output.uses.targets, { shape, data: values.slice(row * width, (row + 1) * width) }),
    );
    return { output, scores };
  });
}
