/** Predictions of the model for a batch: probabilities, or values in the scale of training. */
import type { Batch } from "../runtime/data/source.js";
import { type Scores, toProbabilities } from "../runtime/predict/format-predictions.js";
import { zeroStates } from "../runtime/sessions/recurrent-states.js";
import { feedsOf, floatsOf, tensorOf } from "../runtime/tensors/ort.js";
import type { Model } from "./load-model.js";

/** @returns one prediction per row, of shape [size] or [steps, size]. */
export async function predict(model: Model, batch: Batch): Promise<readonly Scores[]> {
  const { page } = model;
  const { inputs, outputs } = page.manifest.model;
  const output = outputs.find(({ role }) => role === "prediction");
  if (output === undefined) throw new Error("The model has no prediction output.");
  const rows = batch.values().next().value?.shape[0] ?? 0;
  const states = feedsOf(
    zeroStates(
      inputs.filter(({ role }) => role === "state"),
      rows,
    ),
  );
  const data = inputs.flatMap(({ name, role }) => {
    const array = role === "data" ? batch.get(name) : undefined;
    return array === undefined ? [] : [[name, tensorOf(array)] as const];
  });
  const session = await model.session("model");
  const results = await session.run({ ...states, ...Object.fromEntries(data) });
  const values = floatsOf(results, output);
  const [, ...shape] = results[output.name]?.dims ?? [];
  const width = values.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    toProbabilities(page, page.uses.targets, { shape, data: values.slice(row * width, (row + 1) * width) }),
  );
}
