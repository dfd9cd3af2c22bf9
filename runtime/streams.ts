/**
 * Windows as streams, for models whose states go on: the windows of a part follow one another, and each row of the batches
 * reads a piece of them from its start to its end.
 */
import type { Manifest } from "../compiler/artifact.js";
import type { NormalTrain } from "../schema/normal.js";
import type { Schedule } from "./order.js";
import { type Checked, refuse } from "./problem.js";

/** Whether the states of some layer go on from batch to batch. */
export function carriesStates({ train }: Pick<Manifest, "train">): boolean {
  return train.inputs.some(({ role }) => role === "state");
}

/**
 * The steps of training. Row r of a batch continues row r of the batch before; what is left when the windows are dealt out to
 * `batch_size` streams is not read. States start anew with each epoch.
 *
 * @param members consecutive windows, the part to train on.
 */
export function streamSchedule(train: NormalTrain, members: Uint32Array): Checked<{ readonly plan: Schedule }> {
  const { batch_size } = train;
  const batchSize = typeof batch_size === "number" ? batch_size : members.length;
  const batchesPerEpoch = Math.floor(members.length / batchSize);
  if (batchesPerEpoch < 2) return refuse(tooFewWindows(members.length, batchSize));
  const placeOf = (step: number) => (step - 1) % batchesPerEpoch;
  const plan: Schedule = {
    examples: batchSize * batchesPerEpoch,
    batchSize,
    batchesPerEpoch,
    steps: train.steps ?? (train.epochs ?? 0) * batchesPerEpoch,
    epochOf: (step) => Math.floor((step - 1) / batchesPerEpoch) + 1,
    repeats: false,
    batchSizeAt: () => batchSize,
    // A call of several steps carries states from each to the next, so it ends with its epoch.
    alikeFrom: (step) => batchesPerEpoch - placeOf(step),
    restartsAt: (step) => placeOf(step) === 0,
    batchesAt(first, count) {
      const examples = new Uint32Array(count * batchSize);
      for (let index = 0; index < examples.length; index++) {
        const stream = index % batchSize;
        const place = placeOf(first + Math.floor(index / batchSize));
        examples[index] = members[stream * batchesPerEpoch + place] ?? 0;
      }
      return examples;
    },
  };
  return { ok: true, plan };
}

/**
 * Batches that read each of some consecutive windows once. Streams are as even as can be: those that are longer come first,
 * so that the last batch may have fewer rows than the others.
 */
export function* streamBatches(members: Uint32Array, batchSize: number): Generator<Uint32Array<ArrayBuffer>> {
  const streams = Math.min(batchSize, members.length);
  const [whole, more] = [Math.floor(members.length / streams), members.length % streams];
  for (let place = 0; place < whole + (more > 0 ? 1 : 0); place++) {
    const rows = place < whole ? streams : more;
    yield Uint32Array.from(
      { length: rows },
      (_, stream) => members[stream * whole + Math.min(stream, more) + place] ?? 0,
    );
  }
}

function tooFewWindows(windows: number, streams: number) {
  const most = Math.floor(windows / 2);
  return {
    code: "too-few-windows",
    path: "/train/batch_size",
    message: `The part to train on has ${windows} window${windows === 1 ? "" : "s"}: too few to read in ${streams} streams of two or more, as states that go on from batch to batch need.`,
    hint:
      most > 0
        ? `Use a batch_size of at most ${most}, a smaller window, or more data.`
        : "Use a smaller window, or more data.",
  };
}
