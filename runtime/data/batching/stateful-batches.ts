/**
 * Windows as streams, for models whose states go on: the windows of a part follow one another, and each row of the batches
 * reads a piece of them from its start to its end.
 */
import type { Manifest } from "../../../compiler/artifact.js";
import type { NormalTrain } from "../../../schema/normal/index.js";
import { fail, ok, type Result } from "../../result.js";
import type { BatchSchedule } from "./batch-schedule.js";

/** Whether the states of some layer go on from batch to batch. */
export function isStateful({ train }: Pick<Manifest, "train">): boolean {
  return train.inputs.some(({ role }) => role === "state");
}

/**
 * The steps of training. Row r of a batch continues row r of the batch before; what is left when the windows are dealt out to
 * `batch_size` streams is not read. States start anew with each epoch.
 *
 * @param windows consecutive windows, the part to train on.
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
    // A call of several steps carries states from each to the next, so it ends with its epoch.
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
 * Batches that read each of some consecutive windows once. Streams are as even as can be: those that are longer come first,
 * so that the last batch may have fewer rows than the others.
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

function tooFewWindows(windows: number, batchSize: number) {
  const maxBatchSize = Math.floor(windows / 2);
  return {
    code: "too-few-windows",
    path: "/train/batch_size",
    message: `The part to train on has ${windows} window${windows === 1 ? "" : "s"}: too few to read in ${batchSize} streams of two or more, as states that go on from batch to batch need.`,
    hint:
      maxBatchSize > 0
        ? `Use a batch_size of at most ${maxBatchSize}, a smaller window, or more data.`
        : "Use a smaller window, or more data.",
  };
}
