/** Tests of data and weights from which a model learns nothing: they are refused, with the place and the way out. */
import { describe, expect, test } from "vitest";
import { trainSpec } from "../../support/training-runs.js";

const model = [
  { layer: "embedding", size: 2 },
  { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
  { layer: "dense", size: "classes" },
];
const lines = [..."xxxxxxyy"].map((label) => `${JSON.stringify({ text: "a b", label })}\n`).join("");

function train(data: object, loss: object = {}, content = lines) {
  const spec = {
    data: { type: "sequences", file: "d.jsonl", ...data },
    model,
    loss: { type: "cross_entropy", ...loss },
    train: { steps: 1 },
  };
  return trainSpec(spec, { "d.jsonl": content });
}

const byTime = { split: { validation: 0.25, order: "time" } };

describe("refused", () => {
  test("initial values that are not finite, with their expression", async () => {
    const cell = (options: object) =>
      trainSpec({
        data: { type: "text", text: "abcabcabc", window: 3 },
        model: [
          { layer: "embedding", size: 2 },
          { layer: "rnn", cell: "mamba", hidden_size: 2, state_size: 1, ...options },
          { layer: "projection", size: "vocabulary" },
        ],
        loss: { type: "cross_entropy" },
        train: { steps: 1 },
      });
    await expect(cell({ dt_min: 0 })).rejects.toThrow(
      /initial-values.*model\/1.*rnn\/0\/d are not finite: log\(exp\(exp\(uniform\(-Infinity, -2.30259\)\)\) - 1\) gives NaN/,
    );
    await expect(cell({})).resolves.toBeDefined();
  });

  test("a training split of one class, where the validation split has the other", async () => {
    await expect(train(byTime)).rejects.toThrow(
      /single-class.*All targets of the training split are of one class.*x.*data\.split\.order/,
    );
    await expect(train({ split: { validation: 0.25 } }, {}, lines)).resolves.toBeDefined();
  });

  test("class ids whose only value is not 0; a class of weight 0 counts as no other", async () => {
    const spec = {
      data: { type: "arrays", inputs: [[1], [2]], targets: [1, 1] },
      model: [{ layer: "dense", size: 2 }],
      loss: { type: "cross_entropy" },
      train: { steps: 1 },
    };
    await expect(trainSpec(spec)).rejects.toThrow(/single-class/);
    const weighted = { ...spec.data, targets: [1, 0], weights: [1, 0] };
    await expect(trainSpec({ ...spec, data: weighted })).rejects.toThrow(/single-class/);
    await expect(trainSpec({ ...spec, data: { ...weighted, weights: [1, 0.5] } })).resolves.toBeDefined();
  });

  test("class weights that are all 0", async () => {
    await expect(train({}, { class_weights: [0, 0] })).rejects.toThrow(/zero-weights.*class_weights.*only zeros/);
    await expect(train({}, { class_weights: [0, 1] })).resolves.toBeDefined();
  });

  test("a vocabulary without any token of the training split", async () => {
    await expect(train({ vocabulary: { min_count: 9 } })).rejects.toThrow(
      /empty-vocabulary.*none occurs 9 times.*occurs 8 times. Set data.vocabulary.min_count to at most 8/,
    );
    await expect(train({ vocabulary: { min_count: 8 } })).resolves.toBeDefined();
    const text = {
      data: { type: "text", text: "abcabcab", window: 2, vocabulary: { min_count: 4 } },
      model: [{ layer: "one_hot" }, { layer: "dense", size: "vocabulary" }],
      loss: { type: "cross_entropy" },
      train: { steps: 1 },
    };
    await expect(trainSpec(text)).rejects.toThrow(/empty-vocabulary.*min_count to at most 3/);
  });
});
