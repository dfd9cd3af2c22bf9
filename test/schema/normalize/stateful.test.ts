/** States that go on from batch to batch, and samples while training: what they need of the rest of the spec. */
import { expect, test } from "vitest";
import { base, normal, unplacedProblems } from "../../support/read-spec.js";

const text = { type: "text", text: "hihello", window: 3 };
const lstm = { layer: "rnn", cell: "lstm", hidden_size: 5, stateful: true };
const stateful = { ...base, data: text, model: [{ layer: "one_hot" }, lstm] };

test("stateful layers read windows one after the other, in their order", async () => {
  const { spec } = await normal(stateful);
  expect(spec.data).toMatchObject({ window: 3, stride: 3 });
  expect(spec.train.shuffle).toBe(false);
  const stateless = await normal({ ...stateful, model: base.model });
  expect(stateless.spec.data).toMatchObject({ window: 3, stride: 1 });
  expect(stateless.spec.train.shuffle).toBe(true);
});

test("their normal form normalizes to itself", async () => {
  const { spec } = await normal(stateful);
  expect((await normal(JSON.stringify(spec))).spec).toEqual(spec);
});

const withLayer = (layer: object) => ({ ...stateful, model: [{ layer: "one_hot" }, { ...lstm, ...layer }] });
test.each<[string, object, readonly string[]]>([
  [
    "another stride",
    { ...stateful, data: { ...text, stride: 1 } },
    [
      'stateful-order /data/stride | Stateful layers need each window to begin where the one before ended, but the stride is 1 and the window 3. | Leave "stride" out: with stateful layers it is the window.',
    ],
  ],
  [
    "portions of a batch",
    { ...stateful, train: { batch_size: 4, accumulate: 2 } },
    [
      'accumulate-states /train/accumulate | States that go on from batch to batch go on for whole batches, and not for portions of them. | Take "accumulate" or "stateful" out.',
    ],
  ],
  [
    "shuffling, of windows and of the split",
    { ...stateful, data: { ...text, split: { validation: 0.2, order: "shuffled" } }, train: { shuffle: true } },
    [
      'stateful-order /train/shuffle | Stateful layers read the windows in their order, so they cannot be shuffled. | Leave "shuffle" out: with stateful layers it is off.',
      'stateful-order /data/split/order | Stateful layers read windows that follow one another, which those of a shuffled split do not. | Leave "order" out: a series is split in order of time.',
    ],
  ],
  [
    "everything in one batch",
    { ...stateful, train: { batch_size: "all" } },
    [
      "stateful-batch /train/batch_size | With all windows in one batch no state ever goes on to a next one. | Give the number of streams that the data is read in, such as 32.",
    ],
  ],
  [
    "data without an order",
    { ...stateful, data: { type: "arrays", inputs: [[1]], targets: [[1]] } },
    [
      'stateful-data /model/1/stateful | A stateful layer goes on from batch to batch, but the examples of arrays data do not follow one another. | Take "stateful" out, or use data of windows: text or table.',
    ],
  ],
  [
    "a backward direction",
    withLayer({ bidirectional: "concat" }),
    [
      'stateful-backward /model/1/stateful | A stateful layer goes on forward in time, so no cell of it can read backward. | Take "stateful" or "bidirectional" out.',
    ],
  ],
  [
    "another start",
    withLayer({ initial_state: "learned" }),
    [
      'stateful-initial-state /model/1/initial_state | A stateful layer starts where the batch before ended, and not at "learned". | Take "stateful" or "initial_state" out.',
    ],
  ],
])("stateful layers with %s", async (_, spec, expected) => {
  expect((await unplacedProblems(spec)).toSorted()).toEqual([...expected].sort());
});

test("a sample has all its settings", async () => {
  const { spec } = await normal({ ...base, train: { sample: { prompt: "hi" } } });
  expect(spec.train.sample).toEqual({ every: 100, prompt: "hi", length: 80, temperature: 0.8 });
});

test.each<[object, string]>([
  [
    { ...base, data: { type: "arrays", inputs: [[1]], targets: [[1]] } },
    'sample /train/sample | Samples are text, and the data is of type arrays. | Leave "sample" out.',
  ],
  [
    { ...base, model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 2, bidirectional: "sum" }] },
    'sample /train/sample | Samples are written unit by unit, which this model cannot do: rnn reads the sequence backward. | Leave "sample" out.',
  ],
])("samples need a text and a model that reads forward: %j", async (spec, expected) => {
  expect(await unplacedProblems({ ...spec, train: { sample: {} } })).toEqual([expected]);
});
