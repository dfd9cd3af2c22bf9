/** Problems of losses and metrics, in full. */
import { expect, test } from "vitest";
import { check } from "../../../compiler/compile.js";
import { open } from "../../support/programs.js";

const classes = { inputs: [[[1, 2, 3]], [[3, 2, 1]]], targets: [[0], [2]] };
const numbers = { inputs: [[1, 2]], targets: [[0.5, 1]] };

/** `path code | message | hint` of the problems of the identity model. */
async function problems(data: { readonly inputs: readonly unknown[] }, spec: object): Promise<readonly string[]> {
  const size = [data.inputs].flat(3).length / data.inputs.length;
  const opened = await open({
    data: { type: "arrays", ...data },
    model: [{ layer: "dense", size }],
    optimizer: { type: "adam" },
    ...spec,
  });
  return check(opened.spec, opened.signature, opened.origins).map(({ path, code, message, hint }) =>
    [`${path} ${code}`, message, hint].join(" | "),
  );
}

test.each([
  [
    { type: "cross_entropy", class_weights: [1, 2] },
    '/loss/class_weights output-count | "class_weights" has 2 numbers, but the model has 3 outputs. | Write one number per output, in order.',
  ],
  [
    { type: "sequence_loss", class_weights: [1, 2, 3, 4] },
    '/loss/class_weights output-count | "class_weights" has 4 numbers, but the model has 3 outputs. | Write one number per output, in order.',
  ],
  [
    { type: "ctc", blank: 3 },
    '/loss/blank blank-class | The blank is class 3, but the model has 3 classes. | Write a class from 0 to 2, or "last".',
  ],
])("loss %j", async (loss, expected) => {
  expect(await problems(classes, { loss })).toEqual([expected]);
});

test.each<[object, readonly unknown[], string]>([
  [
    { type: "cross_entropy" },
    ["rmse"],
    '/metrics/0 metric-targets | rmse needs numbers as targets, but the targets of cross_entropy are classes. | Use "accuracy".',
  ],
  [
    { type: "cross_entropy" },
    ["accuracy", { type: "top_k", k: 3 }],
    '/metrics/1/k metric-classes | "k" is 3, but the model has 3 classes: top_k would always be 1. | Write at most 2.',
  ],
  [
    { type: "sequence_loss" },
    ["binary_accuracy"],
    '/metrics/0 metric-targets | binary_accuracy needs binary targets, which sequence_loss does not have. | Use "accuracy".',
  ],
  [
    { type: "ctc" },
    ["accuracy"],
    '/metrics/0 metric-targets | accuracy needs one target class per step, but the targets of ctc are label sequences. | Use "exact_sequence".',
  ],
])("loss %j, metrics %j", async (loss, metrics, expected) => {
  expect(await problems(classes, { loss, metrics })).toEqual([expected]);
});

test.each<[object, readonly unknown[], string]>([
  [
    { type: "squared_error" },
    ["accuracy"],
    '/metrics/0 metric-targets | accuracy needs target classes, but the targets of the loss are numbers. | Use "rmse" or "mae".',
  ],
  [
    { type: "binary_cross_entropy" },
    ["accuracy"],
    '/metrics/0 metric-targets | accuracy needs one target class per output, but the targets of the loss are binary. | Use "binary_accuracy" or "f1".',
  ],
  [
    { type: "binary_cross_entropy", positive_weight: [1] },
    ["mae"],
    '/loss/positive_weight output-count | "positive_weight" has 1 number, but the model has 2 outputs. | Write one number per output, in order.',
  ],
])("numbers, loss %j, metrics %j", async (loss, metrics, expected) => {
  expect(await problems(numbers, { loss, metrics })).toEqual([expected]);
});
