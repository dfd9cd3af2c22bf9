/** Truncated backpropagation through time: states that are passed from batch to batch. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { createStatefulSchedule, statefulBatches } from "../../../runtime/data/batching/stateful-batches.js";
import { openData } from "../../../runtime/data/index.js";
import { createEvaluator } from "../../../runtime/evaluation/evaluator.js";
import { openSession } from "../../../runtime/sessions/session.js";
import { initializeTensors } from "../../../runtime/tensors/initializers.js";
import { feedsOf } from "../../../runtime/tensors/ort.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { readSpec } from "../../../schema/read.js";
import { first, train } from "../../support/normal-specs.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, losses, run, weightsOf } from "../../support/training-runs.js";

/** 61 characters, of which 60 are inputs. */
const text = "it was the best of times, it was the worst of times, it was a";

interface SpecChange {
  readonly data?: object;
  readonly layer?: object;
  readonly train?: object;
  readonly optimizer?: object;
}

async function specOf(
  window: number,
  { data, layer, train: settings, optimizer }: SpecChange = {},
): Promise<NormalSpec> {
  const read = await readSpec(
    JSON.stringify({
      name: "stream",
      seed: 7,
      data: { type: "text", text, window, ...data },
      model: [
        { layer: "embedding", size: 4 },
        {
          layer: "rnn",
          cells: [
            { cell: "lstm", hidden_size: 6 },
            { cell: "gru", hidden_size: 5 },
          ],
          stateful: true,
          ...layer,
        },
        { layer: "projection" },
      ],
      loss: { type: "sequence_loss" },
      optimizer: { type: "adam", learning_rate: 0.05, ...optimizer },
      train: { steps: 20, batch_size: 2, ...settings },
    }),
  );
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  return read.spec;
}

/** The mean loss of the initial weights over all windows of a text, or a range of them. */
async function lossOf(spec: NormalSpec, batchSize: number, from = 0, to?: number): Promise<number> {
  const opened = await openData(spec, ".");
  if (!opened.ok) throw new Error("no data");
  const compiled = await compile(spec, opened.value.signature(spec.train));
  if (!compiled.ok) throw new Error("no model");
  const { artifact } = compiled;
  const session = await openSession(artifact.eval, "cpu", 0);
  if (!session.ok) throw new Error(session.error.message);
  const evaluator = await createEvaluator(session.value.session, artifact.manifest, opened.value);
  const parameters = feedsOf(initializeTensors(artifact.manifest.parameters, spec.seed));
  const windows = opened.value.splits.train.subarray(from, to);
  const { loss = Number.NaN } = await evaluator.metrics(parameters, windows, batchSize);
  return loss;
}

describe("a text evaluated in chunks", () => {
  test("has the loss of the whole", async () => {
    const uninterrupted = await lossOf(await specOf(60, { layer: { stateful: false } }), 1);
    for (const window of [30, 12, 1]) expect(await lossOf(await specOf(window), 1)).toBeCloseTo(uninterrupted, 6);
    expect(await lossOf(await specOf(12, { layer: { stateful: false }, data: { stride: 12 } }), 1)).not.toBeCloseTo(
      uninterrupted,
      4,
    );
  });

  test("has the loss of the whole with states of several axes", async () => {
    const cells = [{ cell: "s4d", hidden_size: 4, state_size: 3 }];
    const uninterrupted = await lossOf(await specOf(60, { layer: { cells, stateful: false } }), 1);
    expect(await lossOf(await specOf(12, { layer: { cells } }), 1)).toBeCloseTo(uninterrupted, 6);
    expect(await lossOf(await specOf(12, { layer: { cells, stateful: false } }), 1)).not.toBeCloseTo(uninterrupted, 4);
  });

  test("has the loss of its streams, also of different lengths", async () => {
    const halfWindows = await lossOf(await specOf(30, { layer: { stateful: false }, data: { stride: 30 } }), 2);
    expect(await lossOf(await specOf(6), 2)).toBeCloseTo(halfWindows, 6);
    // The first of 2 streams has 3 of the 5 windows.
    const spec = await specOf(12);
    const [longer, shorter] = [await lossOf(spec, 1, 0, 3), await lossOf(spec, 1, 3)];
    expect(await lossOf(spec, 2)).toBeCloseTo((3 * longer + 2 * shorter) / 5, 6);
  });
});

describe("batches", () => {
  test("of training are chunks of streams of equal length", () => {
    const scheduleResult = createStatefulSchedule({ ...train, batch_size: 3, steps: 5 }, first(11));
    if (!scheduleResult.ok) throw new Error("no plan");
    const plan = scheduleResult.value;
    expect(plan).toMatchObject({ examples: 9, batchSize: 3, batchesPerEpoch: 3, steps: 5 });
    expect([...plan.indicesAt(1, 3)]).toEqual([0, 3, 6, 1, 4, 7, 2, 5, 8]);
    expect([...plan.indicesAt(4, 1)]).toEqual([0, 3, 6]);
    expect([1, 2, 3, 4, 7].map(plan.resetsStatesAt)).toEqual([true, false, false, true, true]);
    expect([1, 2, 3, 4].map(plan.sameShapeRun)).toEqual([3, 2, 1, 3]);
    expect([1, 3, 4].map(plan.epochOf)).toEqual([1, 1, 2]);
  });

  test("of evaluation read each window once, in order within a stream", () => {
    const batches = [...statefulBatches(first(8), 3)].map((batch) => [...batch]);
    expect(batches).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5],
    ]);
    expect([...statefulBatches(first(2), 5)].map((batch) => [...batch])).toEqual([[0, 1]]);
  });

  test("need at least two windows per stream", () => {
    const scheduleResult = createStatefulSchedule({ ...train, batch_size: 6 }, first(11));
    expect(scheduleResult).toEqual({
      ok: false,
      error: [
        {
          code: "too-few-windows",
          path: "/train/batch_size",
          message:
            "Stateful training needs at least 2 windows per batch row: the training split has 11 windows for batch_size 6.",
          hint: "Use a batch_size of at most 5, a smaller window, or more data.",
        },
      ],
    });
  });
});

async function request(out: string, change: SpecChange = {}): Promise<TrainRequest> {
  const spec = await specOf(5, change);
  return { spec, folder: ".", out, device: "cpu", resume: false, init: null, disabledPasses: [] };
}

describe("training", () => {
  test("resets the states at each epoch, and passes them within it", async () => {
    // Updates too small to change the losses: each epoch has those of the one before.
    const still = { optimizer: { type: "sgd", learning_rate: 1e-12 } };
    const { events } = await run(await request(temporaryFolder(), { ...still, train: { steps: 12 } }));
    const observed = losses(events);
    expect(observed.slice(6)).toEqual(observed.slice(0, 6));
    const mean = observed.slice(0, 6).reduce((sum, loss) => sum + loss, 0) / 6;
    const halfWindows = await lossOf(await specOf(30, { layer: { stateful: false }, data: { stride: 30 } }), 2);
    expect(mean).toBeCloseTo(halfWindows, 5);
  });

  test("gives the same results for any number of steps per call, none of which crosses an epoch", async () => {
    const folder = temporaryFolder();
    const singleStep = await run(await request(join(folder, "1"), { train: { steps_per_call: 1 } }));
    const twentySteps = await run(await request(join(folder, "20"), { train: { steps_per_call: 20 } }));
    expect(twentySteps.calls).toEqual([6, 6, 6, 2]);
    expect(losses(twentySteps.events)).toEqual(losses(singleStep.events));
    expect(weightsOf(join(folder, "20"))).toEqual(weightsOf(join(folder, "1")));
  });

  test("resumed is the uninterrupted one, bit by bit, within an epoch and between two", async () => {
    const folder = temporaryFolder();
    const uninterrupted = join(folder, "whole");
    const { events, outcome } = await run(await request(uninterrupted));
    for (const stop of [1, 6, 9, 19]) {
      const out = join(folder, `${stop}`);
      const started = await run(
        await request(out, { train: { steps_per_call: 1 } }),
        (observed) => losses(observed).length >= stop,
      );
      const files = readdirSync(join(out, "checkpoints", `step-${String(stop).padStart(8, "0")}`));
      expect(files).toContain("states.safetensors");
      const resumed = await run({ ...(await request(out)), resume: true });
      expect([...losses(started.events), ...losses(resumed.events)]).toEqual(losses(events));
      expect(weightsOf(out)).toEqual(weightsOf(uninterrupted));
      if (!outcome.ok || !resumed.outcome.ok) throw new Error("a run failed");
      expect(resumed.outcome.value.metrics).toEqual(outcome.value.metrics);
    }
  });

  test("evaluates its validation split in streams too", async () => {
    const split = { data: { split: { validation: 0.4 } } };
    const { events } = await run(
      await request(temporaryFolder(), { ...split, train: { steps: 6, evaluate_every: 3 } }),
    );
    expect(eventsOfKind(events, "evaluation").map(({ metrics }) => Object.keys(metrics.validation).length > 0)).toEqual(
      [true, true],
    );
  });
});
