/** Ids of training data beyond the tables of their layers: of every input, and of both sides of pairs. */
import { expect, test } from "vitest";
import { loadRun } from "../../../runtime/load-run.js";
import { planTraining } from "../../../runtime/training/plan.js";
import { readSpec } from "../../../schema/read.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const gru = { layer: "rnn", cell: "gru", hidden_size: 2 };
const ids = [
  [0, 1],
  [2, 0],
];

async function problems(spec: object): Promise<readonly string[]> {
  const settings = { optimizer: { type: "sgd", learning_rate: 0.1 }, train: { steps: 1, batch_size: "all" } };
  const read = await readSpec(JSON.stringify({ name: "t", ...settings, ...spec }));
  if (!read.ok) throw new Error(read.diagnostics[0]?.message);
  const folder = temporaryFolder();
  const request = { spec: read.spec, folder, out: folder, device: "cpu", resume: false, init: null } as const;
  const plan = await planTraining({ ...request, disabledPasses: [] });
  if (plan.ok || plan.error.kind !== "input") return [];
  return plan.error.problems.map(({ path, message, hint }) => `${path}: ${message} ${hint}`);
}

const namedModel = (sizes: object) => [
  { layer: "embedding", name: "words", from: "words", size: 2 },
  { layer: "embedding", name: "tags", from: "tags", size: 2, ...sizes },
  { layer: "concat", from: ["words", "tags"] },
  { ...gru, return: "last" },
  { layer: "dense", size: 2 },
];
const named = { type: "arrays", inputs: { words: ids, tags: ids }, targets: [0, 1] };
const pairs = {
  data: {
    type: "pairs",
    unit: "word",
    pairs: [
      ["a b", "x"],
      ["c d", "y z"],
    ],
  },
  loss: { type: "sequence_loss" },
};
const pairsModel = (source: object, target: object) => [
  { layer: "embedding", size: 2, name: "source", ...source },
  { ...gru, name: "encoder" },
  {
    layer: "embedding",
    from: ["decoder_inputs"],
    size: 2,
    name: "words",
    vocabulary_size: "target_vocabulary",
    ...target,
  },
  { ...gru, name: "decoder", initial_state: "encoder" },
  { layer: "projection", size: "target_vocabulary" },
];

test.each<[string, object, readonly string[]]>([
  ["a second input within its table", { data: named, model: namedModel({ vocabulary_size: 3 }) }, []],
  [
    "a second input",
    { data: named, model: namedModel({ vocabulary_size: 2 }) },
    ['/data/inputs/tags/1/0: tags[1][0] is 2. Layer "tags" has size 2, so the largest index is 1.'],
  ],
  [
    "a layer that is not the first",
    {
      data: { type: "arrays", inputs: ids, targets: [0, 1] },
      model: [
        { layer: "embedding", name: "wide", size: 2 },
        { layer: "one_hot", name: "narrow", from: ["inputs"], size: 2 },
        { layer: "concat", from: ["wide", "narrow"] },
        { ...gru, return: "last" },
        { layer: "dense", size: 2 },
      ],
    },
    ['/data/inputs/1/0: inputs[1][0] is 2. Layer "narrow" has size 2, so the largest index is 1.'],
  ],
  ["pairs within their tables", { ...pairs, model: pairsModel({}, {}) }, []],
  [
    "the source of a pair",
    { ...pairs, model: pairsModel({ vocabulary_size: 4 }, {}) },
    ['/data/pairs/1: The source has token 4, "d". Layer "source" has size 4, so the largest index is 3.'],
  ],
  [
    "the target of a pair",
    { ...pairs, model: pairsModel({}, { vocabulary_size: 5 }) },
    ['/data/pairs/1: The target has token 5, "z". Layer "words" has size 5, so the largest index is 4.'],
  ],
])("%s", async (_, parts, expected) => {
  expect(await problems({ loss: { type: "cross_entropy" }, ...parts })).toEqual(expected);
});

test("evaluation of other arrays refuses an id that the run's table lacks", async () => {
  const data = { type: "arrays", inputs: ids, targets: [0, 1] } as const;
  const model = [
    { layer: "embedding", size: 2 },
    { ...gru, return: "last" },
    { layer: "dense", size: 2 },
  ];
  const { out, spec } = await trainSpec({
    name: "t",
    data,
    model,
    loss: { type: "cross_entropy" },
    train: { steps: 1 },
  });
  const loaded = await loadRun(out);
  if (!loaded.ok) throw new Error(loaded.error[0]?.message);
  const other = {
    ...spec.data,
    inputs: [
      [0, 1],
      [3, 0],
    ],
  } as typeof spec.data;
  const evaluated = await loaded.value.evaluate({ data: other, device: "cpu" });
  expect(evaluated).toMatchObject({
    ok: false,
    error: { kind: "input", problems: [{ message: "inputs[1][0] is 3." }] },
  });
});
