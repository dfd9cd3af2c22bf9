/** Runs with a validation split: their events and final weights, also when resumed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { monitoredSplits } from "../../../runtime/evaluation/evaluator.js";
import { readCheckpoint } from "../../../runtime/run/checkpoint.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import type { NormalTrain } from "../../../schema/normal/index.js";
import { first } from "../../support/normal-specs.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, losses, requestFor, run, specOfCase, weightsOf } from "../../support/training-runs.js";

/** Two training examples, one for validation, one for the test: overfitting the two makes the others worse in the end. */
async function request(out: string, train: Partial<NormalTrain> = {}): Promise<TrainRequest> {
  const keep_best = { metric: "loss", mode: "min" } as const;
  const spec = await specOfCase("embedding-gru-sgd", {
    batch_size: 1,
    steps: 80,
    evaluate_every: 4,
    keep_best,
    ...train,
  });
  const split = {
    train: 0.5,
    validation: 0.25,
    test: 0.25,
    order: "time",
    stratify: false,
    folds: null,
    fold: 1,
    group: null,
    by: "fraction",
    column: null,
    files: { validation: null, test: null },
  } as const;
  const optimizer = { ...spec.optimizer, learning_rate: 2 };
  return requestFor("embedding-gru-sgd", { ...spec, optimizer, data: { ...spec.data, split } }, out);
}

const stopping = { metric: "loss", mode: "min", patience: 3, minimum_delta: 0 } as const;

test("evaluations cover the training and validation splits; the end all splits, with the best weights", async () => {
  const out = temporaryFolder();
  const { outcome, events } = await run(await request(out));
  if (!outcome.ok) throw new Error("the run failed");
  const epochs = eventsOfKind(events, "evaluation");
  expect(epochs.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, index) => 4 * (index + 1)));
  expect(epochs[0]?.metrics).toEqual({
    train: { loss: expect.any(Number), accuracy: expect.any(Number) },
    validation: { loss: expect.any(Number), accuracy: expect.any(Number) },
    test: {},
  });
  const [lowest] = [...epochs].sort((a, b) => (a.metrics.validation.loss ?? 0) - (b.metrics.validation.loss ?? 0));
  const { best, metrics, step } = outcome.value;
  expect(step).toBe(80);
  expect(lowest?.step).toBeLessThan(80);
  expect(best).toEqual({ step: lowest?.step, metric: "loss", value: lowest?.metrics.validation.loss });
  expect(metrics).toEqual({ ...lowest?.metrics, test: { ...metrics.test } });
  expect(Object.keys(metrics.test)).toContain("loss");

  const names = readdirSync(join(out, "checkpoints"));
  expect(names).toContain(`step-${String(best?.step).padStart(8, "0")}`);
  const checkpoint = readCheckpoint(join(out, "checkpoints"), best?.step ?? 0);
  expect(checkpoint.ok && checkpoint.value.parameters).toEqual(weightsOf(out));
  expect(JSON.parse(readFileSync(join(out, "result.json"), "utf8"))).toEqual({
    format: 1,
    finished: true,
    weights_step: best?.step,
    done: outcome.value,
  });
});

test("with keep_best null a run ends with its last weights", async () => {
  const folder = temporaryFolder();
  const { outcome, events } = await run(await request(join(folder, "last"), { keep_best: null }));
  await run(await request(join(folder, "best")));
  expect(outcome.ok && outcome.value.best).toBeUndefined();
  expect(outcome.ok && outcome.value.metrics.train).toEqual(eventsOfKind(events, "evaluation").at(-1)?.metrics.train);
  expect(weightsOf(join(folder, "last"))).not.toEqual(weightsOf(join(folder, "best")));
});

test("without a validation split every evaluation covers the test split", async () => {
  const trainRequest = await request(temporaryFolder(), { keep_best: null, steps: 8 });
  const split = {
    train: 0.5,
    validation: 0,
    test: 0.5,
    order: "time",
    stratify: false,
    folds: null,
    fold: 1,
    group: null,
    by: "fraction",
    column: null,
    files: { validation: null, test: null },
  } as const;
  const { outcome, events } = await run({
    ...trainRequest,
    spec: { ...trainRequest.spec, data: { ...trainRequest.spec.data, split } },
  });
  const last = eventsOfKind(events, "evaluation").at(-1)?.metrics;
  expect(last?.validation).toEqual({});
  expect(last?.test).toHaveProperty("loss");
  expect(outcome.ok && outcome.value.metrics).toEqual(last);
});

describe("early stopping", () => {
  test("ends a run that has not improved, with a notice", async () => {
    const out = temporaryFolder();
    const { outcome, events } = await run(await request(out, { early_stopping: stopping }));
    if (!outcome.ok) throw new Error("the run failed");
    const { best, step, interrupted } = outcome.value;
    expect(interrupted).toBe(false);
    expect(step).toBe((best?.step ?? 0) + 12);
    expect(eventsOfKind(events, "notice").map(({ message }) => message)).toEqual([
      `Early stopping at step ${step}: validation loss has not improved for 3 evaluations.`,
    ]);
    const again = await run({ ...(await request(out, { early_stopping: stopping })), resume: true });
    expect(again.outcome).toEqual(outcome);
    expect(losses(again.events)).toEqual([]);
  });

  test("is exact for any number of steps per call, and after any interruption", async () => {
    const folder = temporaryFolder();
    const train = { early_stopping: stopping, checkpoint_every: 7 };
    const uninterrupted = await run(await request(join(folder, "whole"), { ...train, steps_per_call: 1 }));
    if (!uninterrupted.outcome.ok) throw new Error("the run failed");
    const { step } = uninterrupted.outcome.value;
    const expected = { ok: true, value: { ...uninterrupted.outcome.value, run: expect.any(String) } };
    const metricsOf = (name: string) => readFileSync(join(folder, name, "metrics.jsonl"), "utf8");
    for (const calls of [3, "auto"] as const) {
      const variant = await run(await request(join(folder, `${calls}`), { ...train, steps_per_call: calls }));
      expect(variant.outcome).toEqual(expected);
      expect(weightsOf(join(folder, `${calls}`))).toEqual(weightsOf(join(folder, "whole")));
    }
    for (const stop of [2, step - 9, step - 1]) {
      const name = `stopped-${stop}`;
      const trainRequest = await request(join(folder, name), { ...train, steps_per_call: 1 });
      const stopped = await run(trainRequest, (events) => losses(events).length >= stop);
      const latest = eventsOfKind(stopped.events, "evaluation").findLast((epoch) => epoch.step <= stop);
      expect(stopped.outcome).toMatchObject({ ok: true, value: { step: stop, interrupted: true } });
      expect(stopped.outcome.ok && stopped.outcome.value.metrics.validation).toEqual(
        (stopped.outcome.ok && stopped.outcome.value.best ? best(stopped.events) : latest)?.metrics.validation ?? {},
      );
      const resumed = await run({ ...trainRequest, resume: true });
      expect(resumed.outcome).toEqual(expected);
      expect(weightsOf(join(folder, name))).toEqual(weightsOf(join(folder, "whole")));
      expect(metricsOf(name)).toBe(metricsOf("whole"));
    }
  });

  test("may have more patience when the run is resumed", async () => {
    const folder = temporaryFolder();
    const patient = { early_stopping: { ...stopping, patience: 5 } };
    const uninterrupted = await run(await request(join(folder, "whole"), patient));
    await run(await request(join(folder, "short"), { early_stopping: stopping }));
    const { outcome } = await run({ ...(await request(join(folder, "short"), patient)), resume: true });
    expect(outcome).toEqual({
      ok: true,
      value: { ...(uninterrupted.outcome.ok && uninterrupted.outcome.value), run: join(folder, "short") },
    });
  });
});

function best(events: Parameters<typeof eventsOfKind>[0]) {
  return [...eventsOfKind(events, "evaluation")].sort(
    (a, b) => (a.metrics.validation.loss ?? 0) - (b.metrics.validation.loss ?? 0),
  )[0];
}

test("a metric that the model does not have is refused before anything is written", async () => {
  const out = join(temporaryFolder(), "run");
  const { outcome } = await run(await request(out, { keep_best: { metric: "acuracy", mode: "max" } }));
  expect(outcome).toMatchObject({
    ok: false,
    error: {
      problems: [
        {
          code: "unknown-metric",
          path: "/train/keep_best/metric",
          message: 'This model has no metric "acuracy".',
          hint: 'Did you mean "accuracy"?',
        },
      ],
    },
  });
});

test("evaluations of a large training split use a limited number of examples, evenly spaced", () => {
  const none = first(0);
  const { train, test } = monitoredSplits({ train: first(10_000), validation: none, test: first(10) }, false);
  expect(train).toHaveLength(2000);
  expect([train[0], train[1], train[1999]]).toEqual([0, 5, 9995]);
  expect(test).toHaveLength(10);
  const following = monitoredSplits({ train: first(10_000), validation: none, test: none }, true);
  expect(following.train).toEqual(first(2000));
  const validated = monitoredSplits({ train: first(10_000), validation: first(3000), test: first(10) }, false);
  expect([validated.train.length, validated.validation.length, validated.test.length]).toEqual([3000, 3000, 0]);
  expect(monitoredSplits({ train: first(1999), validation: none, test: none }, false).train).toHaveLength(1999);
});
