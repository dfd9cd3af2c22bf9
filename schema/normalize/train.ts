/** Training in full: its length, and what of the validation part it watches. */
import { definition } from "../contract.js";
import type { Problem, Report } from "../diagnostics.js";
import type { NormalTrain, WatchedMetric } from "../normal.js";
import type { Mark } from "../origins.js";
import { child } from "../pointer.js";
import type { Spec } from "../spec.types.js";
import { fill } from "./fill.js";

type Train = NonNullable<Spec["train"]>;

const path = "/train";

/** Training without a length of its own goes this many times through the data. */
const defaultEpochs = 10;

/** Metrics of which more is better. */
const shares = /accuracy|top_|f1|precision|recall|exact/;

export interface About {
  /** Whether states go on from batch to batch: the order of the examples is then the data's. */
  readonly stateful: boolean;
  /** Whether there is a validation part to watch. */
  readonly validated: boolean;
}

export function normalizeTrain(train: Train, { stateful, validated }: About, mark: Mark, report: Report): NormalTrain {
  for (const key of ["early_stopping", "keep_best"] as const) {
    if (!validated && (train[key] ?? null) !== null) report(nothingToWatch(key));
  }
  const half = train.precision === "float16" && { precision: { type: "float16" } };
  const given = { ...train, ...half, shuffle: train.shuffle ?? !stateful };
  const filled = fill<NormalTrain>(given, definition("train"), path, mark);
  const withMode = <T extends WatchedMetric>(watched: T, key: string): T =>
    mark({ ...watched, mode: watched.mode ?? modeOf(watched.metric) }, child(path, key));
  for (const problem of portionProblems(filled, stateful)) report(problem);
  const stopping = filled.early_stopping && withMode(filled.early_stopping, "early_stopping");
  const { metric, mode } = stopping ?? { metric: "loss", mode: "min" };
  const byItself = validated ? mark({ metric, mode }, child(path, "keep_best")) : null;
  return mark(
    {
      ...filled,
      epochs: filled.steps === null && filled.epochs === null ? defaultEpochs : filled.epochs,
      early_stopping: stopping,
      keep_best:
        filled.keep_best === undefined ? byItself : filled.keep_best && withMode(filled.keep_best, "keep_best"),
    },
    path,
  );
}

export function modeOf(metric: string): WatchedMetric["mode"] {
  return shares.test(metric) ? "max" : "min";
}

/** Portions of a batch are of one size, and have nothing to do with one another. */
function portionProblems({ accumulate, batch_size }: NormalTrain, stateful: boolean): readonly Problem[] {
  const place = { path: child(path, "accumulate") };
  if (accumulate !== 1 && stateful)
    return [
      {
        ...place,
        code: "accumulate-states",
        message: "States that go on from batch to batch go on for whole batches, and not for portions of them.",
        hint: 'Take "accumulate" or "stateful" out.',
      },
    ];
  if (typeof batch_size !== "number" || accumulate === "auto" || batch_size % accumulate === 0) return [];
  const nearby = Math.max(1, Math.round(batch_size / accumulate)) * accumulate;
  return [
    {
      ...place,
      code: "accumulate-batch",
      message: `A batch of ${batch_size} examples does not fall into ${accumulate} equal portions.`,
      hint: `For example "batch_size": ${nearby}.`,
    },
  ];
}

function nothingToWatch(key: string) {
  return {
    code: "no-validation",
    path: child(path, key),
    message: `${key} watches the validation part of the data, and there is none.`,
    hint: 'For example "split": { "validation": 0.1 } in data.',
  };
}
