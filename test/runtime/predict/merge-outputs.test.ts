/** Members of predictions that several outputs would give the same name. */
import { expect, test } from "vitest";

import { describeClass, mergeOutputs, predictionKeys } from "../../../runtime/predict/format-predictions.js";

const scores = { shape: [2], data: Float32Array.of(0.25, 0.75) };

function classOf(name: string) {
  const keys = predictionKeys({ name, prefix: `${name}/` } as Parameters<typeof predictionKeys>[0], "label");
  return { name, members: describeClass(keys, scores, null) };
}

function numberOf(name: string) {
  return { name, members: { [name]: 3.5 } };
}

test("members of outputs keep their names where those differ", () => {
  expect(mergeOutputs([classOf("kind"), numberOf("amount")])).toEqual({
    ...{ kind: 1, kind_probability: 0.75, kind_probabilities: { 0: 0.25, 1: 0.75 } },
    amount: 3.5,
  });
  expect(mergeOutputs([{ name: "line", members: { label: 1 } }])).toEqual({ label: 1 });
});

test("members with the same name, or with that of a row, name their output", () => {
  expect(mergeOutputs([classOf("kind"), numberOf("kind_probability")])).toEqual({
    ...{ kind: 1, "kind_probability (kind)": 0.75, kind_probabilities: { 0: 0.25, 1: 0.75 } },
    "kind_probability (kind_probability)": 3.5,
  });
  expect(mergeOutputs([numberOf("index"), numberOf("line")])).toEqual({ "index (index)": 3.5, "line (line)": 3.5 });
  expect(mergeOutputs([classOf("kind"), numberOf("kind_probabilities.1")])).toMatchObject({
    "kind_probabilities (kind)": { 1: 0.75 },
    "kind_probabilities.1 (kind_probabilities.1)": 3.5,
  });
});
