/** Stateful layers and samples during training: their requirements on the rest of the spec. */
import { expect, test } from "vitest";
import { base, normal, unplacedProblems } from "../../support/read-spec.js";

const text = { type: "text", text: "hihello", window: 3 };
const lstm = { layer: "rnn", cell: "lstm", hidden_size: 5, stateful: true };
const stateful = { ...base, data: text, model: [{ layer: "one_hot" }, lstm] };

test("stateful layers read consecutive windows in order", async () => {
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
      'stateful-order /data/stride | Stateful layers need consecutive windows, but the stride is 1 and the window 3. | Remove "stride": its default with stateful layers is the window.',
    ],
  ],
  [
    "another evaluation stride",
    { ...stateful, data: { ...text, evaluation_stride: 1 } },
    [
      'stateful-order /data/evaluation_stride | Stateful layers need consecutive windows, but the evaluation stride is 1 and the window 3. | Remove "evaluation_stride".',
    ],
  ],
  [
    "portions of a batch",
    { ...stateful, train: { batch_size: 4, accumulate: 2 } },
    [
      'accumulate-states /train/accumulate | Stateful layers carry states between whole batches, not between micro-batches. | Remove "accumulate" or "stateful".',
    ],
  ],
  [
    "shuffling, of windows and of the split",
    { ...stateful, data: { ...text, split: { validation: 0.2, order: "shuffled" } }, train: { shuffle: true } },
    [
      'stateful-order /train/shuffle | Stateful layers need the windows in order, without shuffling. | Remove "shuffle": its default with stateful layers is false.',
      'stateful-order /data/split/order | Stateful layers need consecutive windows, which a shuffled split does not have. | Remove "order": its default is "time".',
    ],
  ],
  [
    "everything in one batch",
    { ...stateful, train: { batch_size: "all" } },
    [
      "stateful-batch /train/batch_size | With all windows in one batch there is no next batch to carry states to. | Set the number of parallel streams, for example 32.",
    ],
  ],
  [
    "data without an order",
    { ...stateful, data: { type: "arrays", inputs: [[1]], targets: [[1]] } },
    [
      'stateful-data /model/1/stateful | A stateful layer carries states from batch to batch, but the examples of arrays data are not consecutive. | Remove "stateful", or use text or table data.',
    ],
  ],
  [
    "a backward direction",
    withLayer({ bidirectional: "concat" }),
    [
      'stateful-backward /model/1/stateful | A stateful layer cannot be bidirectional: it carries states forward in time only. | Remove "stateful" or "bidirectional".',
    ],
  ],
  [
    "another start",
    withLayer({ initial_state: "learned" }),
    [
      'stateful-initial-state /model/1/initial_state | A stateful layer starts from the final state of the previous batch, not from "learned". | Remove "stateful" or "initial_state".',
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
    'sample /train/sample | Samples need text data, but the data is of type arrays. | Remove "sample".',
  ],
  [
    { ...base, model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 2, bidirectional: "sum" }] },
    'sample /train/sample | Samples are generated step by step, which this model does not support: rnn reads the sequence backward. | Remove "sample".',
  ],
])("samples need text data and a model that reads forward: %j", async (spec, expected) => {
  expect(await unplacedProblems({ ...spec, train: { sample: {} } })).toEqual([expected]);
});
