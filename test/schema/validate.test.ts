/** Valid JSON that is not a valid spec: one diagnostic for each mistake, with its full text. */
import { describe, expect, test } from "vitest";
import { layerFacts } from "../../schema/kinds/data.js";
import { base, problems, unplacedProblems } from "../support/read-spec.js";

const layer = (value: object) => ({ ...base, model: [value] });
const rnn = (value: object) => layer({ layer: "rnn", ...value });

test("keys, values and objects have positions in the text", async () => {
  const text = `{
  "data": { "type": "text", "text": "hihello", "widnow": 6 },
  "model": [
    { "layer": "rnn", "cell": "lstm", "hidden_size": "five" }
  ],
  "loss": {},
  "optimizer": { "type": "adam" }
}`;
  expect(await problems(text)).toEqual([
    '2:48 unknown-key /data/widnow | Unknown key "widnow" in the text data. | Did you mean "window"?',
    '4:54 wrong-type /model/0/hidden_size | "hidden_size" must be an integer from 1 to 1000000, but is "five".',
    '6:11 missing-key /loss | Missing key "type" in "loss". | One of: sequence_loss, cross_entropy, sampled_softmax, binary_cross_entropy, squared_error, absolute_error, huber, ctc, log_cosh, quantile, gaussian_nll, student_t_nll, poisson_nll, negative_binomial_nll, mixture_density, focal, soft_f1, contrastive, custom.',
  ]);
});

test.each<[string, object, string]>([
  ["the spec", { ...base, naem: "x" }, 'unknown-key /naem | Unknown key "naem" in the spec. | Did you mean "name"?'],
  [
    "a key that is near to nothing",
    { ...base, zzz: 1 },
    'unknown-key /zzz | Unknown key "zzz" in the spec. | Keys: name, seed, extends, variables, data, cells, layers, activations, optimizers, schedules, model, blocks, loss, losses, metrics, adapt, regularization, optimizer, train.',
  ],
  [
    "a section",
    { ...base, modle: base.model, model: undefined },
    'unknown-key /modle | Unknown key "modle" in the spec. | Did you mean "model"?',
  ],
  [
    "a tag",
    { ...base, loss: { typ: "sequence_loss" } },
    'unknown-key /loss/typ | Unknown key "typ" in "loss". | Did you mean "type"?',
  ],
  [
    "arrays",
    { ...base, data: { type: "arrays", inputs: [[1]], targets: [[1]], lenghts: [1] } },
    'unknown-key /data/lenghts | Unknown key "lenghts" in the arrays data. | Did you mean "lengths"?',
  ],
  [
    "a layer",
    layer({ layer: "dense", size: 1, activaton: "relu" }),
    'unknown-key /model/0/activaton | Unknown key "activaton" in the dense layer. | Did you mean "activation"?',
  ],
  [
    "a required key of a layer",
    rnn({ cell: "lstm", hiddenSize: 5 }),
    'unknown-key /model/0/hiddenSize | Unknown key "hiddenSize" in the rnn layer, whose cell is "lstm". | Did you mean "hidden_size"?',
  ],
  [
    "a word of another library",
    rnn({ cell: "lstm", units: 5 }),
    'unknown-key /model/0/units | Unknown key "units" in the rnn layer, whose cell is "lstm". | Did you mean "hidden_size"?',
  ],
  [
    "the key of the cell",
    rnn({ cel: "lstm", hidden_size: 5 }),
    'unknown-key /model/0/cel | Unknown key "cel" in the rnn layer. | Did you mean "cell"?',
  ],
  [
    "an option",
    rnn({ cell: "gru", hidden_size: 5, reset_aftre: true }),
    'unknown-key /model/0/reset_aftre | Unknown key "reset_aftre" in the rnn layer, whose cell is "gru". | Did you mean "reset_after"?',
  ],
  [
    "another cell's option",
    rnn({ cells: [{ cell: "gru", hidden_size: 5, forget_bias: 1 }] }),
    'unknown-key /model/0/cells/0/forget_bias | Unknown key "forget_bias" in the cell, whose cell is "gru". | Keys: cell, hidden_size, trainable, residual, bidirectional, dropout, zoneout, layer_norm, reset_after.',
  ],
  [
    "an option beside cells",
    rnn({ cells: [{ cell: "lstm", hidden_size: 5 }], forget_bias: 1 }),
    'unknown-key /model/0/forget_bias | Unknown key "forget_bias" in the rnn layer. | Keys: layer, name, from, cell, hidden_size, layers, cells, share_weights, weights, initial_state, stateful, unroll, return, trainable, residual, bidirectional, dropout, zoneout, layer_norm.',
  ],
  [
    "the optimizer",
    { ...base, optimizer: { type: "adam", lr: 0.1 } },
    'unknown-key /optimizer/lr | Unknown key "lr" in the Adam optimizer. | Did you mean "learning_rate"?',
  ],
  [
    "a clip",
    { ...base, optimizer: { type: "adam", clip: { global_nrom: 1 } } },
    'unknown-key /optimizer/clip/global_nrom | Unknown key "global_nrom" in the gradient clip. | Did you mean "global_norm"?',
  ],
  [
    "a schedule",
    { ...base, optimizer: { type: "adam", schedule: { type: "linear_warmup", warmup_stesp: 5 } } },
    'unknown-key /optimizer/schedule/warmup_stesp | Unknown key "warmup_stesp" in the linear warmup schedule. | Did you mean "warmup_steps"?',
  ],
  [
    "training",
    { ...base, train: { stpes: 5 } },
    'unknown-key /train/stpes | Unknown key "stpes" in the training settings. | Did you mean "steps"?',
  ],
  [
    "a cell of one's own",
    { ...base, cells: { m: { state: { h: 1 }, parameters: {}, equation: ["h' = x"], output: "h'" } } },
    'unknown-key /cells/m/equation | Unknown key "equation" in the cell definition. | Did you mean "equations"?',
  ],
  [
    "a variant",
    {
      ...base,
      cells: {
        m: {
          state: { h: 1 },
          parameters: {},
          equations: ["h' = x"],
          output: "h'",
          variants: { a: { b: { sate: {} } } },
        },
      },
    },
    'unknown-key /cells/m/variants/a/b/sate | Unknown key "sate" in the cell variant. | Did you mean "state"?',
  ],
  [
    "an option of a layer of one's own",
    { ...base, layers: { own: { options: { size: 3 }, equations: ["y = x"] } }, model: [{ layer: "own", sise: 2 }] },
    'unknown-key /model/0/sise | Unknown key "sise" in the layer "own". | Did you mean "size"?',
  ],
  [
    "the definition of a layer",
    { ...base, layers: { own: { equation: ["y = x"] } } },
    'unknown-key /layers/own/equation | Unknown key "equation" in the layer definition. | Did you mean "equations"?',
  ],
])("a misspelled key: %s", async (_, spec, expected) => {
  expect(await unplacedProblems(spec)).toEqual([expected]);
});

describe("layers of one's own", () => {
  const own = { options: { size: 3, kind: "a" }, equations: ["y = x"], variants: { kind: { a: {}, b: {} } } };
  const withOwn = (entry: object, layers: object = { own }) => ({ ...base, layers, model: [entry] });
  test.each<[string, object, readonly string[]]>([
    ["a use", withOwn({ layer: "own", size: 2, kind: "b", name: "n", from: "inputs", trainable: false }), []],
    ["its long form", withOwn({ layer: "custom", type: "own", options: { size: 2 } }), []],
    [
      "a misspelled name",
      withOwn({ layer: "owm" }),
      ['unknown-value /model/0/layer | "layer" of model[0] cannot be "owm". | Did you mean "own"?'],
    ],
    [
      "a misspelled type",
      withOwn({ layer: "custom", type: "owm" }),
      ['unknown-layer-type /model/0/type | "layers" has no entry "owm". | Did you mean "own"?'],
    ],
    [
      "wrong options, also in blocks",
      {
        ...base,
        layers: { own },
        blocks: { b: [{ layer: "own", size: "2" }] },
        model: [{ block: [{ layer: "own", kind: "c" }] }],
      },
      [
        'wrong-value /model/0/block/0/kind | "kind" must be "a" or "b", but is "c".',
        'wrong-type /blocks/b/0/size | "size" must be a number, but is "2".',
      ],
    ],
    [
      "a wrong key of every layer",
      withOwn({ layer: "own", trainable: "no", type: "own" }),
      [
        'wrong-type /model/0/trainable | "trainable" must be true or false, but is "no".',
        'unknown-key /model/0/type | Unknown key "type" in the layer "own". | Keys: layer, name, from, weights, trainable, size, kind.',
      ],
    ],
    [
      "taken names",
      withOwn({ layer: "own" }, { own: { ...own, options: { name: 1 }, variants: {} }, dense: own, block: own }),
      [
        'reserved-name /layers/own/options/name | The option name "name" is reserved: every layer has a key of that name. | Choose another name.',
        'name-taken /layers/dense | "dense" is a built-in kind of layer already. | Use another name.',
        'name-taken /layers/block | "block" is a built-in kind of layer already. | Use another name.',
      ],
    ],
  ])("%s", async (_, spec, expected) => {
    expect(await unplacedProblems(spec)).toEqual(expected);
  });
});

test.each<[object, string]>([
  [{ ...base, seed: -1 }, 'wrong-value /seed | "seed" must be an integer from 0 to 4294967295, but is -1.'],
  [{ ...base, seed: 0.5 }, 'wrong-type /seed | "seed" must be an integer from 0 to 4294967295, but is 0.5.'],
  [
    { ...base, name: "../up" },
    'wrong-value /name | "name" must be a name of letters, digits, _, - and . that starts with a letter or a digit, but is "../up".',
  ],
  [
    { ...base, data: 5 },
    'wrong-type /data | "data" must be an object, but is 5. | For example {"type":"text","text":"hihello","unit":"char","window":6}.',
  ],
  [
    { ...base, loss: "cross_entropy" },
    'wrong-type /loss | "loss" must be an object, but is "cross_entropy". | Write { "type": "cross_entropy" }.',
  ],
  [{ ...base, train: 5 }, 'wrong-type /train | "train" must be an object, but is 5.'],
  [{ ...base, model: [] }, 'wrong-value /model | "model" must be a list of 1 to 1000 entries, but is an empty list.'],
  [layer([]), "wrong-type /model/0 | model[0] must be an object, but is an empty list."],
  [
    rnn({ cell: "lstm", hidden_size: 1e9 }),
    'wrong-value /model/0/hidden_size | "hidden_size" must be an integer from 1 to 1000000, but is 1000000000.',
  ],
  [
    rnn({ cell: "lstm", hidden_size: "5" }),
    'wrong-type /model/0/hidden_size | "hidden_size" must be an integer from 1 to 1000000, but is "5". | Write 5 without quotes.',
  ],
  [
    rnn({ cell: "lstm", hidden_size: 5, return: "lst" }),
    'wrong-value /model/0/return | "return" must be "sequence", "last" or "state", but is "lst". | Did you mean "last"?',
  ],
  [
    rnn({ cell: "lstm", hidden_size: 5, bidirectional: true }),
    'wrong-value /model/0/bidirectional | "bidirectional" must be "none", "concat", "sum", "mean" or "mul", but is true. | Write "concat".',
  ],
  [
    layer({ layer: "dense", size: "vocab" }),
    'wrong-value /model/0/size | "size" must be an integer from 1 to 1000000, "vocabulary", "target_vocabulary", "classes" or "features", but is "vocab". | Did you mean "vocabulary"?',
  ],
  [
    layer({ layer: "dense", size: 5, bias: "false" }),
    'wrong-type /model/0/bias | "bias" must be true or false, but is "false". | Write false without quotes.',
  ],
  [
    layer({ layer: "desne", size: 5 }),
    'unknown-value /model/0/layer | "layer" of model[0] cannot be "desne". | Did you mean "dense"?',
  ],
  [
    { ...base, optimizer: { type: "adam", beta1: 1 } },
    'wrong-value /optimizer/beta1 | "beta1" must be a number of at least 0 and below 1, but is 1.',
  ],
  [
    { ...base, train: { batch_size: "al" } },
    'wrong-value /train/batch_size | "batch_size" must be an integer from 1 to 1000000, "all" or "largest", but is "al". | Did you mean "all"?',
  ],
  [
    { ...base, data: { type: "arrays", inputs: [[1, "two"]], targets: 5 } },
    'wrong-type /data/inputs/0/1 | inputs[0][1] must be a number or a list of numbers, but is "two".',
  ],
  [
    { ...base, cells: { "9x": { state: { h: 1 }, parameters: {}, equations: ["h' = x"], output: "h'" } } },
    'wrong-name /cells/9x | "9x" is not a valid name in "cells". | Write a name of letters, digits and _ that starts with a letter.',
  ],
  [
    { ...base, cells: { m: { state: { h: true }, parameters: {}, equations: ["h' = x"], output: "h'" } } },
    'wrong-type /cells/m/state/h | "h" must be an integer from 1 to 1000000 or arithmetic over sizes and numeric options such as "4*hidden_size", but is true.',
  ],
  [
    rnn({ cell: "rnn", hidden_size: 5, activation: "rleu" }),
    'wrong-value /model/0/activation | "activation" must be the name of an activation, but is "rleu". | Did you mean "relu"?',
  ],
  [
    rnn({ cell: "lstm", hidden_size: 5, forget_bias: "one" }),
    'wrong-type /model/0/forget_bias | "forget_bias" must be a number, but is "one".',
  ],
  [
    rnn({ cell: "gru", hidden_size: 5, reset_after: 1 }),
    'wrong-type /model/0/reset_after | "reset_after" must be true or false, but is 1.',
  ],
])("a wrong value: %j", async (spec, expected) => {
  expect((await unplacedProblems(spec))[0]).toBe(expected);
});

test.each([
  [{ columns: ["a", "b", "a"] }, 'repeated-item /data/columns/2 | "columns" has "a" twice. | Remove one of them.'],
  [{ target: [3, 3] }, 'repeated-item /data/target/1 | "target" has 3 twice. | Remove one of them.'],
])("a repeated column: %j", async (columns, expected) => {
  const data = { type: "table", file: "t.csv", window: 1, ...columns };
  expect(await unplacedProblems({ ...base, data })).toEqual([expected]);
});

test.each<[object, string]>([
  [
    { ...base, loss: undefined },
    'missing-key | Missing key "loss" or "losses" in the spec. | For example "loss": {"type":"sequence_loss"}.',
  ],
  [
    { ...base, data: { type: "text", window: 3 } },
    'missing-key /data | Missing key "text" or "file" in the text data. | For example "text": "hihello".',
  ],
  [
    layer({ size: 5 }),
    `missing-key /model/0 | Missing key "layer" or "block" in model[0]. | For "layer" one of: ${Object.keys(layerFacts).join(", ")}.`,
  ],
  [rnn({}), 'missing-key /model/0 | Missing key "cell" or "cells" in the rnn layer. | For example "cell": "rnn".'],
  [
    rnn({ cell: "lstm" }),
    'missing-key /model/0 | Missing key "hidden_size" in the rnn layer. | For example "hidden_size": 128.',
  ],
  [
    rnn({ hidden_size: 5 }),
    'missing-key /model/0 | Missing key "cell" or "cells" in the rnn layer. | For example "cell": "rnn".',
  ],
  [
    { ...base, optimizer: { type: "sgd" } },
    'missing-key /optimizer | Missing key "learning_rate" in the gradient descent optimizer. | For example "learning_rate": 0.1.',
  ],
  [
    { ...base, optimizer: { type: "adam", clip: {} } },
    'missing-key /optimizer/clip | Missing key "global_norm" or "value" in the gradient clip. | For example "global_norm": 5.',
  ],
])("a missing key: %j", async (spec, expected) => {
  expect(await unplacedProblems(spec)).toEqual([expected]);
});

test.each<[object, string]>([
  [
    { ...base, train: { steps: 1, epochs: 2 } },
    'conflicting-keys /train/epochs | "steps" and "epochs" cannot both be given in the training settings. | Keep one of them.',
  ],
  [
    { ...base, data: { type: "text", text: "ab", file: "c", window: 1 } },
    'conflicting-keys /data/file | "text" and "file" cannot both be given in the text data. | Keep one of them.',
  ],
  [
    rnn({ cell: "lstm", hidden_size: 5, cells: [{ cell: "lstm", hidden_size: 5 }] }),
    'conflicting-keys /model/0/cells | "cell" and "cells" cannot both be given in the rnn layer. | Keep one of them.',
  ],
  [
    rnn({ hidden_size: 5, cells: [{ cell: "lstm", hidden_size: 5 }] }),
    'misplaced-key /model/0/hidden_size | The key "hidden_size" needs "cell". | Move it to the entries of "cells".',
  ],
  [
    { ...base, optimizer: { type: "adam", clip: { value: 1, global_norm: 1 } } },
    'conflicting-keys /optimizer/clip/value | "global_norm" and "value" cannot both be given in the gradient clip. | Keep one of them.',
  ],
])("conflicting keys: %j", async (spec, expected) => {
  expect(await unplacedProblems(spec)).toEqual([expected]);
});

const mine = { state: { h: 1 }, parameters: {}, equations: ["h' = x"], output: "h'" };
const cell = (change: object) => ({ ...base, cells: { mine: { ...mine, ...change } } });

test.each<[string, object, string]>([
  [
    "a text",
    { ...base, train: { sample: { prompt: "x".repeat(10_001) } } },
    'wrong-value /train/sample/prompt | "prompt" has 10,001 characters, more than the limit of 10,000. | Shorten it.',
  ],
  [
    "an equation",
    cell({ equations: [`h' = x${" ".repeat(10_000)}`] }),
    "wrong-value /cells/mine/equations/0 | equations[0] has 10,006 characters, more than the limit of 10,000. | Shorten it.",
  ],
  [
    "the model's name",
    { ...base, name: "n".repeat(101) },
    'wrong-value /name | "name" has 101 characters, more than the limit of 100. | Shorten it.',
  ],
  [
    "a size",
    cell({ parameters: { W: [`${"1+".repeat(101)}1`] } }),
    "wrong-value /cells/mine/parameters/W/0 | W[0] has 203 characters, more than the limit of 200. | Shorten it.",
  ],
  [
    "a state's name",
    cell({ state: { ["h".repeat(65)]: 1 } }),
    `wrong-name /cells/mine/state/${"h".repeat(65)} | The name "${"h".repeat(60)}…" in "state" has 65 characters, more than the limit of 64. | Shorten it.`,
  ],
  [
    "an invalid name, which is long too",
    { ...base, name: `é${"n".repeat(100)}` },
    `wrong-value /name | "name" must be a name of letters, digits, _, - and . that starts with a letter or a digit, but is "é${"n".repeat(59)}…".`,
  ],
])("too long: %s", async (_, spec, expected) => {
  expect(await unplacedProblems(spec)).toEqual([expected]);
});

test("unknown cells", async () => {
  expect(await unplacedProblems(rnn({ cell: "ltsm", hidden_size: 5 }))).toEqual([
    'unknown-cell /model/0/cell | Unknown cell "ltsm". | Did you mean "lstm"?',
  ]);
  const cells = { mine: { state: { h: 1 }, parameters: {}, equations: ["h' = x"], output: "h'" } };
  const [problem] = await unplacedProblems({ ...rnn({ cell: "zzzzzz", hidden_size: 5 }), cells });
  expect(problem).toMatch(/^unknown-cell \/model\/0\/cell \| Unknown cell "zzzzzz". \| Cells: mine, .*lstm/);
});

test("all problems at once, up to a limit", async () => {
  const model = [{ layer: "one_hot", siz: 1 }, { layer: "rnn", cell: "lstm", hidden_size: 0 }, { layer: "dense" }];
  const spec = { ...base, model, train: { steps: "many" } };
  expect((await unplacedProblems(spec)).map((line) => line.split(" | ")[0])).toEqual([
    "unknown-key /model/0/siz",
    "wrong-value /model/1/hidden_size",
    "missing-key /model/2",
    "wrong-type /train/steps",
  ]);
  const manyLayers = await unplacedProblems({ ...base, model: Array(500).fill({}) });
  expect(manyLayers).toHaveLength(101);
  expect(manyLayers).toContain("too-many-problems | More than 100 problems; the rest are not shown.");
});

test("large specs are validated quickly, valid or not", async () => {
  const numbers = Array.from({ length: 50_000 }, () => [0.5]);
  const data = { type: "arrays", inputs: numbers, targets: [...numbers, "x"], lengths: Array(100_000).fill("x") };
  expect(await unplacedProblems({ ...base, data })).toEqual([
    'wrong-type /data/targets/50000 | targets[50000] must be a number or a list of numbers, but is "x".',
    'wrong-type /data/lengths/0 | lengths[0] must be a number or a list of numbers, but is "x".',
  ]);
  expect(await unplacedProblems({ ...base, model: Array(100_000).fill({}) })).toEqual([
    "too-many-values | The spec has more than 20,000 values outside its arrays. | Check that this is the right file.",
  ]);
});

test.each(["[]", "5", '"spec"', "null"])("a root that is not an object: %s", async (text) => {
  const [problem] = await problems(text);
  expect(problem).toMatch(/^1:1 wrong-type \| A spec must be an object, but is /);
});
