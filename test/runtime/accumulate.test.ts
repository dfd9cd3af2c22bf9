/** Updates from portions of a batch: the losses and weights of the whole batch. */
import { describe, expect, test } from "vitest";
import type { TrainRequest } from "../../runtime/events.js";
import { runTraining } from "../../runtime/loop.js";
import { schedule } from "../../runtime/order.js";
import { analysisOf, open } from "../elaborate/programs.js";
import { normal, unplacedProblems } from "../schema/spec.js";
import { temporaryFolder } from "./folder.js";
import { train } from "./spec.js";
import { losses, run, weightsOf } from "./training.js";

/** Twelve sequences of one to four steps: portions hold different numbers of live steps. */
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
  return { spec: read.spec, folder: ".", out, device: "cpu", resume: false, init: null, without: [] };
}

describe("the update of a batch in portions is that of the batch", () => {
  test.each<[string, object]>([
    ["sequence_loss, whose mean is over live steps", { ...ofClasses, loss: { type: "sequence_loss" } }],
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
    const [whole, ...others] = runs;
    for (const { made, weights } of others) {
      made.forEach((loss, index) => {
        expect(Math.abs(loss / (whole?.made[index] ?? 0) - 1), `loss ${index}`).toBeLessThan(2e-5);
      });
      for (const [name, { data }] of weights) {
        const wanted = whole?.weights.get(name)?.data ?? [];
        const far = Math.max(...[...data].map((entry, place) => Math.abs(entry - (wanted[place] ?? Number.NaN))));
        expect(far, name).toBeLessThan(2e-4);
      }
    }
  });

  test("portions drop differently, and the same in any number of steps per call", async () => {
    const model = [{ layer: "dropout", rate: 0.5 }, ...base.model];
    const made = await Promise.all(
      [1, 4].map(async (steps_per_call) => {
        const settings = { steps: 4, batch_size: 6, accumulate: 3, steps_per_call };
        const spec = { ...base, ...ofClasses, model, loss: { type: "sequence_loss" }, train: settings };
        return losses((await run(await request(spec, temporaryFolder()))).events);
      }),
    );
    expect(made[0]).toEqual(made[1]);
    expect(made[0]).toHaveLength(4);
  });
});

test("a portion's memory is what a step takes", async () => {
  const wide = { ...base, ...ofClasses, loss: { type: "sequence_loss" } };
  const memory = async (accumulate: number) => {
    return analysisOf(await open({ ...wide, train: { batch_size: 12, accumulate } }));
  };
  const [whole, portioned] = [await memory(1), await memory(12)];
  expect(portioned.memory.activations).toBeLessThan(0.7 * whole.memory.activations);
  expect(portioned.memory.data).toBe(whole.memory.data);
  expect(portioned.flops.forward).toBeGreaterThan(0.9 * whole.flops.forward);
});

test("every batch of an epoch falls into portions; what is over is left out", () => {
  const plan = schedule({ ...train, epochs: 2, steps: null, batch_size: 4, accumulate: 2, shuffle: true }, 1, [
    Uint32Array.from({ length: 11 }, (_, index) => index),
  ]);
  expect([plan.examples, plan.batchesPerEpoch, plan.steps]).toEqual([10, 3, 6]);
  const sizes = Array.from({ length: 6 }, (_, index) => plan.batchSizeAt(index + 1));
  expect(sizes).toEqual([4, 4, 2, 4, 4, 2]);
  expect(new Set(plan.batchesAt(1, 3)).size).toBe(10);
});

describe("what does not fall into portions", () => {
  test("a batch size", async () => {
    const spec = { ...base, ...ofClasses, loss: { type: "sequence_loss" }, train: { batch_size: 10, accumulate: 4 } };
    expect(await unplacedProblems(spec)).toEqual([
      'accumulate-batch /train/accumulate | A batch of 10 examples does not fall into 4 equal portions. | For example "batch_size": 12.',
    ]);
  });

  test.each<[object, object, string]>([
    [{ batch_size: "all", accumulate: 5, steps: 1 }, { type: "sequence_loss" }, "accumulate-batch /train/accumulate"],
    [{ batch_size: 16, accumulate: 16, steps: 1 }, { type: "sequence_loss" }, "accumulate-batch /train/accumulate"],
    [
      { batch_size: 4, accumulate: 2, steps: 1 },
      { type: "sequence_loss", average_across_timesteps: false },
      "accumulate-loss /train/accumulate",
    ],
  ])("%j, %j", async (settings, loss, expected) => {
    const outcome = await runTraining(
      await request({ ...base, ...ofClasses, loss, train: settings }, temporaryFolder()),
      {
        emit() {},
        stopping: () => false,
      },
    );
    if (outcome.ok || outcome.kind !== "input") throw new Error("its input was not wrong");
    expect(outcome.problems.map(({ code, path }) => `${code} ${path}`)).toEqual([expected]);
  });

  test("states that go on", async () => {
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
      'accumulate-states /train/accumulate | States that go on from batch to batch go on for whole batches, and not for portions of them. | Take "accumulate" or "stateful" out.',
    ]);
  });
});
