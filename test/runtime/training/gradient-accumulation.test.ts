/** Gradient accumulation: the losses and weights of the whole batch. */
import { describe, expect, test } from "vitest";
import { createBatchSchedule } from "../../../runtime/data/batching/batch-schedule.js";
import { runTraining } from "../../../runtime/training/loop.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import { train } from "../../support/normal-specs.js";
import { analysisOf, open } from "../../support/programs.js";
import { normal, unplacedProblems } from "../../support/read-spec.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { losses, run, weightsOf } from "../../support/training-runs.js";

/** Twelve sequences of one to four steps: micro-batches have different numbers of unmasked steps. */
const lengths = [4, 1, 3, 2, 1, 1, 4, 4, 2, 3, 1, 4];
const inputs = lengths.map((_, row) => [0, 1, 2, 3].map((step) => [Math.sin(row + step), Math.cos(row * step)]));
const classes = lengths.map((_, row) => [0, 1, 2, 3].map((step) => (row + step) % 3));
const numbers = classes.map((row) => row.map((entry) => [entry / 2]));

const base = {
  name: "portions",
  seed: 2,
  model: [
    { layer: "rnn", cell: "lstm", hidden_size: 4 },
    { layer: "dense", size: 3 },
  ],
  optimizer: { type: "adam", learning_rate: 0.05, clip: { global_norm: 0.5 } },
  regularization: { l2: 0.01, activity: 0.1 },
};
const ofClasses = { data: { type: "arrays", inputs, targets: classes, lengths } };
const ofNumbers = {
  data: { type: "arrays", inputs, targets: numbers, lengths },
  model: [base.model[0], { layer: "dense", size: 1 }],
};

async function request(text: object, out: string): Promise<TrainRequest> {
  const read = await normal(text);
  return { spec: read.spec, folder: ".", out, device: "cpu", resume: false, init: null, disabledPasses: [] };
}

describe("the update of a batch in micro-batches is that of the batch", () => {
  test.each<[string, object]>([
    ["sequence_loss, whose mean is over unmasked steps", { ...ofClasses, loss: { type: "sequence_loss" } }],
    [
      "sequence_loss per example, with weights of classes",
      {
        ...ofClasses,
        loss: { type: "sequence_loss", average_across_batch: false, class_weights: [1, 2, 0.5] },
        regularization: { l2: 0.01 },
      },
    ],
    [
      "cross_entropy, summed",
      { ...ofClasses, loss: { type: "cross_entropy", reduction: "sum" }, regularization: { l2: 0.01 } },
    ],
    ["squared_error", { ...ofNumbers, loss: { type: "squared_error" } }],
    [
      "dropout of attention weights, with and without heads",
      {
        ...ofClasses,
        model: [
          // The gradient of bk is zero but for rounding, which Adam scales up.
          { layer: "attention", heads: 2, head_size: 2, bias: false, dropout: 0.3 },
          { layer: "attention", name: "scored", score: "general", dropout: 0.3 },
          base.model[1],
        ],
        regularization: { l2: 0.01 },
        loss: { type: "cross_entropy" },
      },
    ],
    [
      "dropout and zoneout, drawn for the rows of the whole batch",
      {
        ...ofClasses,
        model: [
          { layer: "dropout", rate: 0.3 },
          { ...base.model[0], zoneout: 0.2, dropout: { input: 0.2, output: 0.2, variational: true } },
          base.model[1],
        ],
        loss: { type: "sequence_loss" },
      },
    ],
    [
      "several outputs, whose losses are means over steps, means over sequences, and sums",
      {
        data: {
          type: "arrays",
          inputs,
          targets: { tags: classes, kind: lengths.map((_, row) => row % 2), amount: numbers },
          lengths,
        },
        model: [
          base.model[0],
          { layer: "dense", name: "tags", size: 3 },
          { layer: "pool", from: "rnn", mode: "mean" },
          { layer: "dense", name: "kind", size: 2 },
          { layer: "dense", name: "amount", from: "rnn", size: 1 },
        ],
        losses: [
          { type: "sequence_loss", from: "tags", target: "tags", class_weights: [1, 2, 0.5], weight: 0.5 },
          { type: "cross_entropy", from: "kind", target: "kind" },
          { type: "squared_error", from: "amount", target: "amount", reduction: "sum", weight: 0.1 },
        ],
        regularization: { l2: 0.01 },
      },
    ],
    [
      "several outputs, whose losses are means over the same steps",
      {
        data: { type: "arrays", inputs, targets: { tags: classes, amount: numbers }, lengths },
        model: [
          base.model[0],
          { layer: "dense", name: "tags", size: 3 },
          { layer: "dense", name: "amount", from: "rnn", size: 1 },
        ],
        losses: [
          { type: "sequence_loss", from: "tags", target: "tags", weight: 0.5 },
          { type: "squared_error", from: "amount", target: "amount" },
        ],
      },
    ],
    [
      "sampled_softmax, with the same candidates for all entries of an update",
      { ...ofClasses, loss: { type: "sampled_softmax", samples: 2 } },
    ],
  ])("%s", async (_, spec) => {
    const runs = await Promise.all(
      [1, 2, 6].map(async (accumulate) => {
        const out = temporaryFolder();
        const settings = { steps: 6, batch_size: 12, accumulate, steps_per_call: 3 };
        const { events, outcome } = await run(await request({ ...base, ...spec, train: settings }, out));
        expect(outcome).toMatchObject({ ok: true });
        return { made: losses(events), weights: weightsOf(out) };
      }),
    );
    const [full, ...others] = runs;
    for (const { made: result, weights } of others) {
      result.forEach((loss, index) => {
        expect(Math.abs(loss / (full?.made[index] ?? 0) - 1), `loss ${index}`).toBeLessThan(2e-5);
      });
      for (const [name, { data }] of weights) {
        const expected = full?.weights.get(name)?.data ?? [];
        const difference = Math.max(
          ...[...data].map((entry, position) => Math.abs(entry - (expected[position] ?? Number.NaN))),
        );
        expect(difference, name).toBeLessThan(2e-4);
      }
    }
  });

  test("micro-batches draw the same random numbers in any number of steps per call", async () => {
    const model = [{ layer: "dropout", rate: 0.5 }, ...base.model];
    const result = await Promise.all(
      [1, 4].map(async (steps_per_call) => {
        const settings = { steps: 4, batch_size: 6, accumulate: 3, steps_per_call };
        const spec = { ...base, ...ofClasses, model, loss: { type: "sequence_loss" }, train: settings };
        return losses((await run(await request(spec, temporaryFolder()))).events);
      }),
    );
    expect(result[0]).toEqual(result[1]);
    expect(result[0]).toHaveLength(4);
  });
});

test("a step needs the memory of one micro-batch", async () => {
  const wideSpec = { ...base, ...ofClasses, loss: { type: "sequence_loss" } };
  const peakMemory = async (accumulate: number) => {
    return analysisOf(await open({ ...wideSpec, train: { batch_size: 12, accumulate } }));
  };
  const [full, accumulated] = [await peakMemory(1), await peakMemory(12)];
  expect(accumulated.memory.activations).toBeLessThan(0.7 * full.memory.activations);
  expect(accumulated.memory.data).toBe(full.memory.data);
  expect(accumulated.flops.forward).toBeGreaterThan(0.9 * full.flops.forward);
});

test("every batch of an epoch is divided into micro-batches; the remainder is left out", () => {
  const batchSchedule = createBatchSchedule(
    { ...train, epochs: 2, steps: null, batch_size: 4, accumulate: 2, shuffle: true },
    1,
    [Uint32Array.from({ length: 11 }, (_, index) => index)],
  );
  expect([batchSchedule.examples, batchSchedule.batchesPerEpoch, batchSchedule.steps]).toEqual([10, 3, 6]);
  const sizes = Array.from({ length: 6 }, (_, index) => batchSchedule.batchSizeAt(index + 1));
  expect(sizes).toEqual([4, 4, 2, 4, 4, 2]);
  expect(new Set(batchSchedule.indicesAt(1, 3)).size).toBe(10);
});

describe("refusals", () => {
  test("a batch size that cannot be divided", async () => {
    const spec = { ...base, ...ofClasses, loss: { type: "sequence_loss" }, train: { batch_size: 10, accumulate: 4 } };
    expect(await unplacedProblems(spec)).toEqual([
      'accumulate-batch /train/accumulate | A batch of 10 examples cannot be split into 4 equal micro-batches. | For example "batch_size": 12.',
    ]);
  });

  test.each<[object, object, ...string[]]>([
    [{ batch_size: "all", accumulate: 5, steps: 1 }, { type: "sequence_loss" }, "accumulate-batch /train/accumulate"],
    [{ batch_size: 16, accumulate: 16, steps: 1 }, { type: "sequence_loss" }, "accumulate-batch /train/accumulate"],
    [
      { batch_size: 4, accumulate: 2, steps: 1 },
      { type: "sequence_loss", average_across_timesteps: false },
      "accumulate-loss /train/accumulate",
      "split-activity /regularization/activity",
    ],
  ])("%j, %j", async (settings, loss, ...expected) => {
    const outcome = await runTraining(
      await request({ ...base, ...ofClasses, loss, train: settings }, temporaryFolder()),
      {
        emit() {},
        shouldStop: () => false,
      },
    );
    if (outcome.ok || outcome.error.kind !== "input") throw new Error("its input was not wrong");
    expect(outcome.error.problems.map(({ code, path }) => `${code} ${path}`)).toEqual(expected);
  });

  test("stateful layers", async () => {
    const spec = {
      ...base,
      data: { type: "text", text: "hihello hihello hihello", window: 2 },
      model: [
        { layer: "one_hot" },
        { layer: "rnn", cell: "gru", hidden_size: 4, stateful: true },
        { layer: "projection" },
      ],
      loss: { type: "sequence_loss" },
      train: { batch_size: 4, accumulate: 2 },
    };
    expect(await unplacedProblems(spec)).toEqual([
      'accumulate-states /train/accumulate | Stateful layers carry states between whole batches, not between micro-batches. | Remove "accumulate" or "stateful".',
    ]);
  });
});
