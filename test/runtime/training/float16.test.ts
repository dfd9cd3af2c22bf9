/** Training in float16: the accuracy of float32, skipped updates, and equal results however the run is divided. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TrainEvent } from "../../../runtime/events.js";
import { readSpec } from "../../../schema/read.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, run, trainSpec, weightsOf } from "../../support/training-runs.js";

const hihello = {
  data: { type: "text", text: "hihello", window: 6 },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.1 },
};

/** Text in batches, with random layers, so that steps differ. */
const reading = {
  data: { type: "text", text: "if you want to build a ship, do not drum up people to collect wood", window: 8 },
  model: [
    { layer: "embedding", size: 6 },
    { layer: "rnn", cell: "gru", hidden_size: 8, dropout: { output: 0.1 } },
    { layer: "projection" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.02, average: { decay: 0.9 } },
};

/** A scale that is far too large, and doubles often. */
const fastGrowthPrecision = { type: "float16", loss_scale: { initial: 2 ** 30, growth_interval: 7 } };

async function requestFor(spec: object, out = join(temporaryFolder(), "run")) {
  const read = await readSpec(JSON.stringify(spec));
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  return { spec: read.spec, folder: ".", out, device: "cpu", resume: false, init: null, disabledPasses: [] } as const;
}

const skippedUpdates = (events: readonly TrainEvent[]) =>
  eventsOfKind(events, "step").flatMap(({ step, skipped }) => (skipped ? [step] : []));

test("reaches the loss of float32", async () => {
  const [full, half] = await Promise.all(
    ["float32", "float16"].map((precision) => trainSpec({ ...hihello, train: { steps: 400, precision } })),
  );
  expect(half?.done.predictions).toEqual(full?.done.predictions);
  expect(half?.done.metrics.train.accuracy).toBe(1);
  expect(Math.abs((half?.done.loss ?? 0) / (full?.done.loss ?? 1) - 1)).toBeLessThan(0.01);
  expect(half?.done.skipped).toBe(0);
  expect(full?.done).not.toHaveProperty("skipped");
});

test("a scale that is far too large is halved until the gradients are finite, and doubled after a while", async () => {
  const { events } = await run(await requestFor({ ...hihello, train: { steps: 100, precision: fastGrowthPrecision } }));
  const steps = eventsOfKind(events, "step");
  const skips = skippedUpdates(events);

  // No update before the first finite gradient: the same loss again, and a norm of 0.
  const first = steps.findIndex(({ skipped }) => skipped !== true);
  const halved = steps.slice(0, first + 1);
  expect(first).toBeGreaterThan(5);
  expect(halved.map(({ loss_scale }) => loss_scale)).toEqual(halved.map((_, index) => 2 ** (30 - index)));
  expect(new Set(halved.map(({ loss }) => loss)).size).toBe(1);
  expect(halved.map(({ gradient_norm }) => gradient_norm > 0)).toEqual(halved.map((_, index) => index === first));
  expect(steps.at(-1)?.loss).toBeLessThan(0.9 * (steps[0]?.loss ?? 0));

  const scales = steps.map(({ loss_scale }) => loss_scale ?? 0);
  for (const [index, next] of scales.slice(1).entries()) {
    const scale = scales[index] ?? 0;
    expect(skips.includes(index + 1) ? [scale / 2] : [scale, 2 * scale]).toContain(next);
  }
  const scaleChanges = scales.flatMap((scale, index) => (scale === 2 * (scales[index - 1] ?? 0) ? [index] : []));
  expect(scaleChanges.length).toBeGreaterThan(3);
  for (const [index, step] of scaleChanges.slice(1).entries())
    expect(step - (scaleChanges[index] ?? 0)).toBeGreaterThanOrEqual(7);

  // One notice, and the count.
  const notices = eventsOfKind(events, "notice").filter(({ message }) => message.includes("made no update"));
  expect(notices.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^Step 1 made no update: .* at a loss scale of 1,073,741,824, which is halved/),
  ]);
  expect(eventsOfKind(events, "done")[0]?.skipped).toBe(skips.length);
});

test("gives the same results for any number of steps per call", async () => {
  const results = await Promise.all(
    [1, 5, 12].map(async (steps_per_call) => {
      const request = await requestFor({
        ...reading,
        train: { steps: 40, batch_size: 8, precision: fastGrowthPrecision, steps_per_call },
      });
      const { events } = await run(request);
      return { steps: eventsOfKind(events, "step"), weights: weightsOf(request.out) };
    }),
  );
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test("resumes bit by bit, with the scale and the count of skipped updates", async () => {
  const spec = { ...reading, train: { steps: 40, batch_size: 8, precision: fastGrowthPrecision, steps_per_call: 4 } };
  const uninterrupted = await requestFor(spec);
  const { events: allEvents } = await run(uninterrupted);
  const parts = await requestFor(spec);
  const { events: before } = await run(parts, (events) => eventsOfKind(events, "step").length >= 22);
  const { events: after } = await run({ ...parts, resume: true });
  expect(eventsOfKind(after, "start")[0]?.step).toBe(eventsOfKind(before, "step").length);
  expect([...eventsOfKind(before, "step"), ...eventsOfKind(after, "step")]).toEqual(eventsOfKind(allEvents, "step"));
  expect(eventsOfKind(after, "done")[0]?.skipped).toBe(eventsOfKind(allEvents, "done")[0]?.skipped);
  expect(weightsOf(parts.out)).toEqual(weightsOf(uninterrupted.out));
});

test("a run of another precision is not resumed", async () => {
  const out = join(temporaryFolder(), "run");
  await run(await requestFor({ ...hihello, train: { steps: 2 } }, out));
  const { outcome } = await run({
    ...(await requestFor({ ...hihello, train: { steps: 4, precision: "float16" } }, out)),
    resume: true,
  });
  expect(outcome).toMatchObject({
    ok: false,
    error: { problems: [{ code: "resume-spec", path: expect.stringMatching(/precision/) }] },
  });
});

test("a static loss scale that overflows is a divergence", async () => {
  const { outcome } = await run(
    await requestFor({ ...hihello, train: { steps: 4, precision: { type: "float16", loss_scale: 2 ** 32 } } }),
  );
  expect(outcome).toMatchObject({
    ok: false,
    error: {
      message: "The gradient became infinite at step 1. There is no checkpoint before it.",
      hint: expect.stringMatching(
        /^In float32 all values of this step are finite: use a smaller "loss_scale" in precision, or/,
      ),
    },
  });
});

test("works with micro-batches and with the plateau schedule", async () => {
  const { done } = await trainSpec({
    ...reading,
    data: { ...reading.data, split: { train: 0.8, validation: 0.2 } },
    optimizer: { type: "sgd", learning_rate: 0.5, schedule: { type: "plateau", patience: 1 } },
    train: { steps: 30, batch_size: 8, accumulate: 2, precision: "float16", evaluate_every: 10 },
  });
  expect(done.loss).toBeLessThan(3);
});

test("a skipped first update leaves the weights unchanged, and their averages", async () => {
  for (const average of [null, { decay: 0.9 }]) {
    const { events } = await run(
      await requestFor({
        ...hihello,
        optimizer: { ...hihello.optimizer, average },
        train: { steps: 12, precision: { type: "float16", loss_scale: { initial: 2 ** 20 } } },
      }),
    );
    const steps = eventsOfKind(events, "step");
    const first = steps.findIndex(({ skipped }) => skipped !== true);
    expect(first).toBeGreaterThan(0);
    expect(new Set(steps.slice(0, first + 1).map(({ loss }) => loss)).size).toBe(1);
    expect(steps.at(-1)?.loss).toBeLessThan(steps[0]?.loss ?? 0);
  }
});
