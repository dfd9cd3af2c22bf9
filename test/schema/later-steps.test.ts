/** Layers that read the steps which the targets come from. */
import { expect, test } from "vitest";
import { targetsAmongInputs } from "../../schema/kinds/later-steps.js";
import { rowsModel } from "../support/onnx-models.js";
import { normal } from "../support/read-spec.js";

const text = { type: "text", text: "hihello", window: 6 };
const table = { type: "table", file: "a.csv", window: 3 };
const embedding = { layer: "embedding", size: 2 };
const conv = { layer: "conv1d", size: 2, kernel_size: 2 };
const causal = { ...conv, padding: "causal" };
const rnn = { layer: "rnn", cell: "gru", hidden_size: 2 };

async function settingOf(data: object, model: readonly object[], loss = "sequence_loss") {
  const { spec } = await normal({ data, model, loss: { type: loss }, optimizer: { type: "adam" } });
  const found = targetsAmongInputs(spec);
  return found && `${found.layer.name}: ${found.setting}`;
}

test.each<[object, readonly object[], string | undefined]>([
  [text, [embedding, conv, { layer: "projection" }], 'conv1d: "padding": "causal"'],
  [text, [embedding, causal, { layer: "projection" }], undefined],
  [text, [embedding, { ...conv, kernel_size: 1 }, { layer: "projection" }], undefined],
  [text, [embedding, { ...rnn, bidirectional: "sum" }, { layer: "projection" }], 'rnn: "bidirectional": "none"'],
  [text, [embedding, { layer: "attention" }, { layer: "projection" }], 'attention: "causal": true'],
  [text, [embedding, { layer: "group_norm", groups: 1 }, { layer: "projection" }], 'group_norm: "layer": "layer_norm"'],
  [text, [embedding, { layer: "onnx", file: rowsModel }, { layer: "projection" }], 'onnx: "return": "vector"'],
  [text, [embedding, { layer: "layer_norm" }, { layer: "projection" }], undefined],
  [text, [embedding, { layer: "attention", causal: true }, { layer: "projection" }], undefined],
])("%j, %j: %s", async (data, model, setting) => {
  expect(await settingOf(data, model)).toBe(setting);
});

test("a target for each window of a table is not among its inputs", async () => {
  const last = [conv, { ...rnn, return: "last" }, { layer: "dense", size: 1 }];
  expect(await settingOf(table, last, "squared_error")).toBeUndefined();
  expect(await settingOf(table, [conv, { layer: "dense", size: 1 }], "squared_error")).toContain("conv1d");
});

test("the encoder of pairs may read all steps, the decoder only earlier ones", async () => {
  const model = (decoder: object) => [
    { ...embedding, name: "words" },
    { ...conv, name: "encoder", from: "words" },
    { ...embedding, name: "decoder_words", from: "decoder_inputs", vocabulary_size: "target_vocabulary" },
    { ...decoder, name: "decoder", from: "decoder_words" },
    { layer: "attention", from: ["decoder", "encoder"] },
    { layer: "projection", size: "target_vocabulary" },
  ];
  const pairs = { type: "pairs", file: "pairs.tsv" };
  expect(await settingOf(pairs, model(causal))).toBeUndefined();
  expect(await settingOf(pairs, model(conv))).toBe('decoder: "padding": "causal"');
});
