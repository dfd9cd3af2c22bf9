/** Training with its defaults: its length, and the watched metric of the validation split. */

import { formatCount, formatInteger } from "../counts.js";
import type { Problem, Report } from "../diagnostics/index.js";
import type { RecordOrigin } from "../diagnostics/source-map.js";
import { child } from "../json-pointer.js";
import { definition } from "../json-schema.js";
import { type Directions, directionOf } from "../kinds/metrics.js";
import type { NormalTrain, WatchedMetric } from "../normal/index.js";
import type { Spec } from "../spec.types.js";
import { fillDefaults } from "./fill.js";

type Train = NonNullable<Spec["train"]>;

const path = "/train";

/** Passes through the data if neither steps nor epochs are given. */
const defaultEpochs = 10;

export interface ModelFacts {
  /** True if layers carry states from batch to batch, which needs the examples in order. */
  readonly stateful: boolean;
  /** True if the data has a validation split; null where the data defines it. */
  readonly hasValidation: boolean | null;
  /** The directions of the metrics of the user's own, by name. */
  readonly directions: Directions;
}

export function normalizeTrain(
  train: Train,
  { stateful, hasValidation, directions }: ModelFacts,
  recordOrigin: RecordOrigin,
  report: Report,
): NormalTrain {
  for (const key of ["early_stopping", "keep_best"] as const) {
    if (hasValidation === false && (train[key] ?? null) !== null) report(missingValidation(key));
  }
  const expandedPrecision = train.precision === "float16" && { precision: { type: "float16" } };
  const explicit = { ...train, ...expandedPrecision, shuffle: train.shuffle ?? !stateful };
  const normal = fillDefaults<NormalTrain>(explicit, definition("train"), path, recordOrigin);
  const withMode = <T extends WatchedMetric>(monitor: T, key: string): T =>
    recordOrigin({ ...monitor, mode: monitor.mode ?? directionOf(monitor.metric, directions) }, child(path, key));
  for (const problem of microBatchProblems(normal, stateful)) report(problem);
  const earlyStopping = normal.early_stopping && withMode(normal.early_stopping, "early_stopping");
  const { metric, mode } = earlyStopping ?? { metric: "loss", mode: "min" };
  const defaultKeepBest = hasValidation ? recordOrigin({ metric, mode }, child(path, "keep_best")) : null;
  return recordOrigin(
    {
      ...normal,
      epochs: normal.steps === null && normal.epochs === null ? defaultEpochs : normal.epochs,
      early_stopping: earlyStopping,
      keep_best:
        normal.keep_best === undefined ? defaultKeepBest : normal.keep_best && withMode(normal.keep_best, "keep_best"),
    },
    path,
  );
}

/** Micro-batches have equal sizes and do not depend on one another. */
function microBatchProblems({ accumulate, batch_size }: NormalTrain, stateful: boolean): readonly Problem[] {
  const location = { path: child(path, "accumulate") };
  if (accumulate !== 1 && stateful)
    return [
      {
        ...location,
        code: "accumulate-states",
        message: "Stateful layers carry states between whole batches, not between micro-batches.",
        hint: 'Remove "accumulate" or "stateful".',
      },
    ];
  if (typeof batch_size !== "number" || accumulate === "auto" || batch_size % accumulate === 0) return [];
  const closestSize = Math.max(1, Math.round(batch_size / accumulate)) * accumulate;
  return [
    {
      ...location,
      code: "accumulate-batch",
      message: `A batch of ${formatCount(batch_size, "example")} cannot be split into ${formatInteger(accumulate)} equal micro-batches.`,
      hint: `For example "batch_size": ${closestSize}.`,
    },
  ];
}

function missingValidation(key: string) {
  return {
    code: "no-validation",
    path: child(path, key),
    message: `${key} needs a validation split, but the data has none.`,
    hint: 'For example "split": { "validation": 0.1 } in data.',
  };
}
