/** Layers that carry states from batch to batch: windows that follow one another, read in order, a row of the batch for each stream. */
import type { Problem, Report } from "../diagnostics/index.js";
import { child } from "../json-pointer.js";
import type { NormalData, NormalLayer, NormalRnn, NormalTrain } from "../normal/index.js";

type Stateful = NormalRnn & { readonly stateful: true };

function isStateful(layer: NormalLayer): layer is Stateful {
  return layer.layer === "rnn" && layer.stateful;
}

/** Whether a model carries states from batch to batch. */
export function carriesStates(model: readonly NormalLayer[]): boolean {
  return model.some(isStateful);
}

/** Reports what keeps the states of a model from going on. Nothing is asked of a model that carries none. */
export function checkStateful(
  model: readonly NormalLayer[],
  data: NormalData,
  train: Pick<NormalTrain, "shuffle" | "batch_size">,
  report: Report,
): void {
  const layers = [...model.entries()].filter((entry): entry is [number, Stateful] => isStateful(entry[1]));
  const [first] = layers;
  if (first === undefined) return;
  for (const [index, layer] of layers) {
    for (const problem of layerProblems(layer, child("/model", index))) report(problem);
  }
  for (const problem of orderProblems(data, child(child("/model", first[0]), "stateful"))) report(problem);
  if (train.shuffle)
    report({
      code: "stateful-order",
      path: "/train/shuffle",
      message: "Stateful layers read the windows in their order, so they cannot be shuffled.",
      hint: 'Leave "shuffle" out: with stateful layers it is off.',
    });
  if (typeof train.batch_size !== "number")
    report({
      code: "stateful-batch",
      path: "/train/batch_size",
      message: "With all windows in one batch no state ever goes on to a next one.",
      hint: "Give the number of streams that the data is read in, such as 32.",
    });
}

function layerProblems({ cells, initial_state }: NormalRnn, path: string): readonly Problem[] {
  const problems: Problem[] = [];
  if (cells.some(({ bidirectional }) => bidirectional !== "none"))
    problems.push({
      code: "stateful-backward",
      path: child(path, "stateful"),
      message: "A stateful layer goes on forward in time, so no cell of it can read backward.",
      hint: 'Take "stateful" or "bidirectional" out.',
    });
  if (initial_state !== "zeros")
    problems.push({
      code: "stateful-initial-state",
      path: child(path, "initial_state"),
      message: `A stateful layer starts where the batch before ended, and not at "${initial_state}".`,
      hint: 'Take "stateful" or "initial_state" out.',
    });
  return problems;
}

function orderProblems(data: NormalData, statefulPath: string): readonly Problem[] {
  if (!("stride" in data))
    return [
      {
        code: "stateful-data",
        path: statefulPath,
        message: `A stateful layer goes on from batch to batch, but the examples of ${data.type} data do not follow one another.`,
        hint: 'Take "stateful" out, or use data of windows: text or table.',
      },
    ];
  const problems: Problem[] = [];
  if (data.stride !== data.window)
    problems.push({
      code: "stateful-order",
      path: "/data/stride",
      message: `Stateful layers need each window to begin where the one before ended, but the stride is ${data.stride} and the window ${data.window}.`,
      hint: 'Leave "stride" out: with stateful layers it is the window.',
    });
  if (data.split.order === "shuffled")
    problems.push({
      code: "stateful-order",
      path: "/data/split/order",
      message: "Stateful layers read windows that follow one another, which those of a shuffled split do not.",
      hint: 'Leave "order" out: a series is split in order of time.',
    });
  return problems;
}
