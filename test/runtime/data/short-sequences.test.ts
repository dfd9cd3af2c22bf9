/** Sequences shorter than the windows of a model, and lengths of the outputs. */
import { expect, test } from "vitest";
import { checkAlignments } from "../../../runtime/data/ctc-alignment.js";
import { checkShortSequences } from "../../../runtime/data/short-sequences.js";
import { outputSteps, shortestInputs } from "../../../schema/kinds/windows.js";
import { problemsOf } from "../../support/check-spec.js";
import { open } from "../../support/programs.js";

const conv = { layer: "conv1d", size: 2, kernel_size: 3, padding: "valid" };
const step = [1, 2];
const spec = (model: readonly object[], data: object) => ({
  data: { type: "arrays", inputs: [Array(6).fill(step), Array(6).fill(step)], targets: [[1], [2]], ...data },
  model: [...model, { layer: "pool" }, { layer: "dense", size: 1 }],
  loss: { type: "squared_error" },
  optimizer: { type: "adam" },
});

test("an example needs one window of every layer", async () => {
  const { spec: normal, source } = await open(
    spec([conv, { layer: "pool", name: "pairs", size: 2 }], { lengths: [6, 3] }),
  );
  expect(shortestInputs(normal.model).get("inputs")?.steps).toBe(4);
  expect([6, 5, 4, 3, 1].map((steps) => outputSteps(normal.model.slice(0, 2), steps))).toEqual([2, 1, 1, 0, 0]);
  expect(checkShortSequences(normal, source)).toEqual([
    {
      code: "short-sequence",
      path: "/data/inputs",
      message: "Example 1 (examples count from 0) has 3 steps, but the windows of pairs need 4.",
      hint: "Remove it, or make the windows shorter.",
    },
  ]);
});

test("padding needs no steps", async () => {
  const model = [
    { ...conv, padding: "same", stride: 2 },
    { ...conv, padding: "causal", name: "causal" },
  ];
  const { spec: normal, source } = await open(spec(model, { lengths: [6, 1] }));
  expect(shortestInputs(normal.model).size).toBe(0);
  expect(checkShortSequences(normal, source)).toEqual([]);
});

test("sequences of one length", async () => {
  const { spec: normal, source } = await open(spec([{ ...conv, kernel_size: 4, dilation: 2 }], {}));
  expect(checkShortSequences(normal, source).map(({ message }) => message)).toEqual([
    "Example 0 (examples count from 0) has 6 steps, but the windows of conv1d need 7.",
  ]);
});

test("labels are aligned with windows", async () => {
  const { spec: normal, source } = await open({
    data: { type: "arrays", inputs: [Array(6).fill(step)], targets: [[1, 1, 0, 0]], lengths: [5] },
    model: [
      { ...conv, padding: "same", stride: 2 },
      { layer: "projection", size: 3 },
    ],
    loss: { type: "ctc" },
    optimizer: { type: "adam" },
  });
  const manifest = { eval: { outputs: [{ role: "prediction", shape: [1, 3, 3] }] } } as never;
  expect(checkAlignments(normal, manifest, source)).toEqual([]);
  const shorter = { ...normal, model: normal.model.map((layer) => ({ ...layer, stride: 3 }) as typeof layer) };
  expect(checkAlignments(shorter, manifest, source).map(({ message }) => message)).toEqual([
    expect.stringContaining("Example 0 has 2 steps for 2 labels and 1 blank"),
  ]);
});

test("one target per step does not fit windows", async () => {
  const model = [
    { ...conv, stride: 2 },
    { layer: "dense", size: 1 },
  ];
  const targets = [Array(6).fill([1]), Array(6).fill([1])];
  const perStep = { ...spec([], { targets }), model };
  expect(await problemsOf(perStep)).toEqual([
    expect.stringContaining(
      "The data has one target per step, but the model has one output per window of conv1d. " +
        'Add a "pool" layer for one prediction per sequence',
    ),
  ]);
});
