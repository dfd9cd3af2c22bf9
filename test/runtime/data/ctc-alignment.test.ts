/** Sequences without an alignment with their ctc labels are named before training and evaluation. */
import { expect, test } from "vitest";
import { evaluateRun } from "../../../runtime/evaluation/evaluate-run.js";
import { runTraining } from "../../../runtime/training/loop.js";
import { normal } from "../../support/read-spec.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const observer = { emit() {}, shouldStop: () => false };

const dataOf = (targets: readonly (readonly number[])[], lengths: readonly number[]) => ({
  type: "arrays",
  inputs: targets.map((_, row) => [0, 1, 2, 3, 4].map((step) => [Math.sin(row + step)])),
  targets,
  lengths,
});

/** Class 3 is the blank. */
async function specOf(targets: readonly (readonly number[])[], lengths: readonly number[], loss: object) {
  const { spec } = await normal({
    data: dataOf(targets, lengths),
    model: [
      { layer: "rnn", cell: "gru", hidden_size: 3 },
      { layer: "dense", size: 4 },
    ],
    loss: { type: "ctc", blank: "last", ...loss },
    optimizer: { type: "adam" },
    train: { steps: 1, batch_size: "all" },
  });
  return spec;
}

async function problemsOf(targets: readonly (readonly number[])[], lengths: readonly number[], loss: object = {}) {
  const spec = await specOf(targets, lengths, loss);
  const out = temporaryFolder();
  const request = { spec, folder: ".", out, device: "cpu", resume: false, init: null, disabledPasses: [] } as const;
  const outcome = await runTraining(request, observer);
  if (outcome.ok) return [];
  return outcome.error.kind === "input"
    ? outcome.error.problems.map(({ path, message }) => `${path} ${message}`)
    : null;
}

test("fewer steps than labels", async () => {
  const targets = [
    [1, 2, 0],
    [1, 2, 1],
    [3, 3, 3],
  ];
  expect(await problemsOf(targets, [5, 2, 5])).toEqual([
    "/data/targets Example 1 has 2 steps for 3 labels (examples count from 0). The ctc loss is infinite for any weights.",
  ]);
  expect(await problemsOf(targets, [5, 2, 5], { zero_infinity: true })).toEqual([]);
  expect(await problemsOf(targets, [3, 3, 1])).toEqual([]);
});

test("equal labels need a blank between them", async () => {
  const targets = [
    [1, 1, 1],
    [0, 0, 3],
    [1, 2, 2],
  ];
  expect(await problemsOf(targets, [4, 3, 3])).toEqual([
    "/data/targets Example 0 has 4 steps for 3 labels and 2 blanks between equal ones (examples count from 0); 1 other example also too short. The ctc loss is infinite for any weights.",
  ]);
  expect(await problemsOf(targets, [5, 3, 4])).toEqual([]);
});

test("labels after a blank", async () => {
  const lengths = [5, 5, 5];
  const targets = [
    [1, 2, 0],
    [2, 0, 1],
    [0, 1, 2],
  ];
  const message =
    "/data/targets Example 1 has label 1 after 0, the blank (examples count from 0); 1 other example with a label after a blank. The blank is only the padding at the end of the labels.";
  expect(await problemsOf(targets, lengths, { blank: 0 })).toEqual([message]);
  expect(await problemsOf(targets, lengths, { blank: 0, zero_infinity: true })).toEqual([message]);
  expect(await problemsOf(targets, lengths, { blank: "last" })).toEqual([]);
  expect(await problemsOf([[3, 1, 3]], [5], { blank: "last" })).toMatchObject([
    expect.stringContaining("Example 0 has label 1 after 3, the blank"),
  ]);
});

test("other data of a trained run are checked too", async () => {
  const targets = [[1, 2, 0]];
  const spec = await specOf(targets, [5], {});
  const out = temporaryFolder();
  const request = { spec, folder: ".", out, device: "cpu", resume: false, init: null, disabledPasses: [] } as const;
  expect(await runTraining(request, observer)).toMatchObject({ ok: true });
  const evaluation = { run: out, split: null, weights: "end", device: "cpu" } as const;
  const evaluationOf = async (labels: readonly (readonly number[])[], length: number) =>
    evaluateRun({ ...evaluation, data: (await specOf(labels, [length], {})).data });
  expect(await evaluationOf([[1, 3, 0]], 5)).toMatchObject({
    error: {
      problems: [
        {
          message: expect.stringContaining("Example 0 has label 0 after 3, the blank"),
          hint: "Write the labels with the ids of the training, and move the padding to the end of each row.",
        },
      ],
    },
  });
  expect(await evaluationOf(targets, 2)).toMatchObject({
    error: {
      problems: [
        {
          message: expect.stringContaining("Example 0 has 2 steps for 3 labels"),
          hint: "Give these examples more steps or fewer labels, or remove them.",
        },
      ],
    },
  });
});
