/** Batches for stateful models: each row of consecutive batches reads consecutive windows of the series. */

import type { Manifest } from "../../../compiler/artifact.js";
import type { NormalTrain } from "../../../schema/normal/index.js";
import { formatCount } from "../../format.js";
import { fail, ok, type Result } from "../../result.js";
import type { BatchSchedule } from "./batch-schedule.js";

/** True when some layer carries its states from batch to batch. */
export function isStateful({ train }: Pick<Manifest, "train">): boolean {
  return train.inputs.some(({ role }) => role === "state");
}

/**
 * The training schedule of a stateful model: row r of a batch continues row r of the previous batch. Windows beyond a
 * multiple of `batch_size` are dropped. States are reset at the start of each epoch.
 *
 * @param windows consecutive windows, the training split.
 */
export function createStatefulSchedule(train: NormalTrain, windows: Uint32Array): Result<BatchSchedule> {
  const { batch_size } = train;
  const batchSize = typeof batch_size === "number" ? batch_size : windows.length;
  const batchesPerEpoch = Math.floor(windows.length / batchSize);
  if (batchesPerEpoch < 2) return fail([tooFewWindows(windows.length, batchSize)]);
  const batchIndexOf = (step: number) => (step - 1) % batchesPerEpoch;
  const batchSchedule: BatchSchedule = {
    examples: batchSize * batchesPerEpoch,
    batchSize,
    batchesPerEpoch,
    steps: train.steps ?? (train.epochs ?? 0) * batchesPerEpoch,
    epochOf: (step) => Math.floor((step - 1) / batchesPerEpoch) + 1,
    isConstant: false,
    batchSizeAt: () => batchSize,
    // A call of several steps carries states from step to step, so it must end with its epoch.
    sameShapeRun: (step) => batchesPerEpoch - batchIndexOf(step),
    resetsStatesAt: (step) => batchIndexOf(step) === 0,
    indicesAt(first, count) {
      const examples = new Uint32Array(count * batchSize);
      for (let index = 0; index < examples.length; index++) {
        const row = index % batchSize;
        const batchIndex = batchIndexOf(first + Math.floor(index / batchSize));
        examples[index] = windows[row * batchesPerEpoch + batchIndex] ?? 0;
      }
      return examples;
    },
  };
  return ok(batchSchedule);
}

/**
 * Batches that read consecutive windows once each, divided over the rows as evenly as possible. Longer rows come first,
 * so the last batch may have fewer rows.
 */
export function* statefulBatches(windows: Uint32Array, batchSize: number): Generator<Uint32Array<ArrayBuffer>> {
  const rowCount = Math.min(batchSize, windows.length);
  const [windowsPerRow, longerRows] = [Math.floor(windows.length / rowCount), windows.length % rowCount];
  for (let windowIndex = 0; windowIndex < windowsPerRow + (longerRows > 0 ? 1 : 0); windowIndex++) {
    const rows = windowIndex < windowsPerRow ? rowCount : longerRows;
    yield Uint32Array.from(
      { length: rows },
      (_, row) => windows[row * windowsPerRow + Math.min(row, longerRows) + windowIndex] ?? 0,
    );
  }
}

/** The notice for metrics of a stateful model: the streams that states continue in. */
export function streamsNotice(splits: readonly Uint32Array[], batchSize: number): string {
  const streams = Math.min(batchSize, Math.max(0, ...splits.map(({ length }) => length)));
  if (streams < 2) return "The model is stateful: its states start at zero in each split, and continue to the end.";
  return `The model is stateful: each split is read as up to ${streams} streams of consecutive windows (train.batch_size). The states of each start at zero, so that the metrics depend on the batch size.`;
}

function tooFewWindows(windows: number, batchSize: number) {
  const maxBatchSize = Math.floor(windows / 2);
  return {
    code: "too-few-windows",
    path: "/train/batch_size",
    message:
      "Stateful training needs at least 2 windows per batch row: " +
      `the training split has ${formatCount(windows, "window")} for batch_size ${batchSize}.`,
    hint:
      maxBatchSize > 0
        ? `Use a batch_size of at most ${maxBatchSize}, a smaller window, or more data.`
        : "Use a smaller window, or more data.",
  };
}
