/** Requirements of stateful layers: consecutive windows in order, with one row of the batch for each stream. */
import type { Problem, Report } from "../diagnostics/index.js";
import type { SourceMap } from "../diagnostics/source-map.js";
import { child } from "../json-pointer.js";
import type { NormalData, NormalLayer, NormalRnn, NormalTrain } from "../normal/index.js";

type Stateful = NormalRnn & { readonly stateful: true };

function isStateful(layer: NormalLayer): layer is Stateful {
  return layer.layer === "rnn" && layer.stateful;
}

/** True if a model carries states from batch to batch. */
export function carriesStates(model: readonly NormalLayer[]): boolean {
  return model.some(isStateful);
}

/** Reports settings that break the continuity of states. A model without stateful layers has no requirements. */
export function checkStateful(
  model: readonly NormalLayer[],
  data: NormalData,
  train: Pick<NormalTrain, "shuffle" | "batch_size">,
  { pathOf }: SourceMap,
  report: Report,
): void {
  const layers = model.filter(isStateful);
  const [first] = layers;
  if (first === undefined) return;
  for (const layer of layers) {
    for (const problem of layerProblems(layer, pathOf(layer))) report(problem);
  }
  for (const problem of orderProblems(data, pathOf(first, "stateful"))) report(problem);
  if (train.shuffle)
    report({
      code: "stateful-order",
      path: "/train/shuffle",
      message: "Stateful layers need the windows in order, without shuffling.",
      hint: 'Remove "shuffle": its default with stateful layers is false.',
    });
  if (typeof train.batch_size !== "number")
    report({
      code: "stateful-batch",
      path: "/train/batch_size",
      message: "With all windows in one batch there is no next batch to carry states to.",
      hint: "Set the number of parallel streams, for example 32.",
    });
}

function layerProblems({ cells, initial_state }: NormalRnn, path: string): readonly Problem[] {
  const problems: Problem[] = [];
  if (cells.some(({ bidirectional }) => bidirectional !== "none"))
    problems.push({
      code: "stateful-backward",
      path: child(path, "stateful"),
      message: "A stateful layer cannot be bidirectional: it carries states forward in time only.",
      hint: 'Remove "stateful" or "bidirectional".',
    });
  if (initial_state !== "zeros")
    problems.push({
      code: "stateful-initial-state",
      path: child(path, "initial_state"),
      message: `A stateful layer starts from the final state of the previous batch, not from "${initial_state}".`,
      hint: 'Remove "stateful" or "initial_state".',
    });
  return problems;
}

function orderProblems(data: NormalData, statefulPath: string): readonly Problem[] {
  if (!("stride" in data) || data.window === null)
    return [
      {
        code: "stateful-data",
        path: statefulPath,
        message: `A stateful layer carries states from batch to batch, but the examples of ${data.type} data are not consecutive.`,
        hint: 'Remove "stateful", or use text or table data.',
      },
    ];
  const problems: Problem[] = [];
  if (data.type === "table" && data.scale?.per === "window")
    problems.push({
      code: "stateful-scale",
      path: "/data/scale",
      message: "A stateful layer carries states from window to window, but each window has a scale of its own.",
      hint: 'Write "per": "column", or remove "stateful".',
    });
  if (data.type === "table" && data.group !== null)
    problems.push({
      code: "stateful-data",
      path: statefulPath,
      message: "A stateful layer carries states from window to window, but the windows are of several series.",
      hint: 'Remove "stateful" or "group".',
    });
  if (data.stride !== data.window)
    problems.push({
      code: "stateful-order",
      path: "/data/stride",
      message: `Stateful layers need consecutive windows, but the stride is ${data.stride} and the window ${data.window}.`,
      hint: 'Remove "stride": its default with stateful layers is the window.',
    });
  if (data.evaluation_stride !== null && data.evaluation_stride !== data.window)
    problems.push({
      code: "stateful-order",
      path: "/data/evaluation_stride",
      message: `Stateful layers need consecutive windows, but the evaluation stride is ${data.evaluation_stride} and the window ${data.window}.`,
      hint: 'Remove "evaluation_stride".',
    });
  if (data.split.order === "shuffled")
    problems.push({
      code: "stateful-order",
      path: "/data/split/order",
      message: "Stateful layers need consecutive windows, which a shuffled split does not have.",
      hint: 'Remove "order": its default is "time".',
    });
  return problems;
}
