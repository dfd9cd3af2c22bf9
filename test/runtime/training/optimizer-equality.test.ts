/**
 * Optimizers with slots of their own shapes, a cycled momentum, parameter groups, clipping and averages: a run is the same in any number
 * of steps per call, after an interruption, in micro-batches, on two ranks, and with float16 it is repeatable.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { TrainRequest } from "../../../runtime/training/request.js";
import { build, train } from "../../support/artifacts.js";
import { normal } from "../../support/read-spec.js";
import { trainShared } from "../../support/shared-steps.js";
import { sharedFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, losses, run, weightsOf } from "../../support/training-runs.js";

const [BATCH, STEPS] = [4, 12];
const rows = Array.from({ length: 2 * BATCH }, (_, row) => row);
const grid = <T>(entry: (row: number, step: number) => T) =>
  rows.map((row) => Array.from({ length: 5 }, (_, step) => entry(row, step)));

/** Epsilons are large: a tiny gradient divided by its own size would amplify the rounding of sums. */
const optimizers = [
  {
    type: "adamax",
    epsilon: 0.1,
    weight_decay: 0.1,
    schedule: { type: "one_cycle", total_steps: 40, minimum_momentum: 0.7 },
  },
  { type: "radam", beta2: 0.9, epsilon: 0.1, weight_decay: 0.1, average: { start: 3, every: 4 } },
  { type: "lamb", epsilon: 0.1 },
  { type: "adafactor", epsilon: 0.1, weight_decay: 0.1 },
  { type: "muon", epsilon: 0.1, newton_schulz_steps: 2, exclude: ["dense/W"], adam: { epsilon: 0.1 } },
].map((optimizer) => ({
  average: { decay: 0.8 },
  ...optimizer,
  learning_rate: 0.02,
  no_decay: ["*/b"],
  rates: [{ parameters: ["rnn/*/W"], factor: 0.5 }],
  clip: { global_norm: 0.5 },
}));

const specOf = (optimizer: object, settings: object = {}) => ({
  seed: 3,
  data: {
    type: "arrays",
    inputs: grid((row, step) => [Math.sin(row + 2 * step), Math.cos(row * step)]),
    targets: grid((row, step) => [((row * row + step) % 3) / 2]),
    lengths: rows.map((row) => 1 + ((row * 3) % 5)),
  },
  model: [
    { layer: "rnn", cell: "lstm", hidden_size: 3 },
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error" },
  optimizer,
  train: { batch_size: BATCH, shuffle: false, ...settings },
});

const folder = sharedFolder();
let runCount = 0;

async function trained(optimizer: object, settings: object, interruptAt?: number) {
  const out = join(folder, `run${runCount++}`);
  const { spec } = await normal(specOf(optimizer, { steps: STEPS, steps_per_call: 2, ...settings }));
  const request: TrainRequest = {
    spec,
    folder: ".",
    out,
    device: "cpu",
    resume: false,
    init: null,
    disabledPasses: [],
  };
  const first = await run(request, (events) => interruptAt !== undefined && losses(events).length >= interruptAt);
  const last = interruptAt === undefined ? first : await run({ ...request, resume: true });
  if (!last.outcome.ok) throw new Error(JSON.stringify(last.outcome.error));
  const weights = Object.fromEntries([...weightsOf(out)].map(([name, { data }]) => [name, [...data]]));
  return {
    losses: losses(interruptAt === undefined ? first.events : [...first.events, ...last.events]),
    weights,
    notices: eventsOfKind(first.events, "notice").map(({ message }) => message),
  };
}

function expectClose(actual: readonly number[], expected: readonly number[], title: string) {
  expect(actual.length, title).toBe(expected.length);
  const differences = expected.map((value, index) => Math.abs(value - (actual[index] ?? Number.NaN)));
  expect(Math.max(...differences), title).toBeLessThan(1e-5);
}

describe.each(optimizers)("$type", (optimizer) => {
  test("in one call, in several, and interrupted", async () => {
    const whole = await trained(optimizer, { steps_per_call: STEPS });
    expect(whole.losses).toHaveLength(STEPS);
    expect(whole.losses.at(-1)).toBeLessThan(whole.losses[0] ?? 0);
    expect(await trained(optimizer, { steps_per_call: 1 })).toEqual(whole);
    expect(await trained(optimizer, {}, 5)).toEqual(whole);
  });

  test("in micro-batches and on two ranks", async () => {
    const spec = specOf(optimizer);
    const one = await train(await build(spec), [STEPS]);
    const ranks = await trainShared(await build(spec, { dataParallel: true }), STEPS, BATCH, [0, 1, BATCH], 1);
    expectClose(ranks.losses, one.losses, "losses of two ranks");
    for (const [name, entries] of Object.entries(one.parameters))
      expectClose(ranks.parameters[name] ?? [], entries, `${name} of two ranks`);
    const whole = await trained(optimizer, {});
    const accumulated = await trained(optimizer, { accumulate: 2 });
    expectClose(accumulated.losses, whole.losses, "losses of micro-batches");
    for (const [name, entries] of Object.entries(whole.weights))
      expectClose(accumulated.weights[name] ?? [], entries, `${name} of micro-batches`);
  });

  test("in float16, where an update may be skipped", async () => {
    // The first scale is too large for float16: the first updates are skipped.
    const precision = { type: "float16", loss_scale: { initial: 2 ** 20, growth_interval: 1000 } };
    const whole = await trained(optimizer, { precision, steps: 30 });
    expect(whole.losses.every(Number.isFinite)).toBe(true);
    expect(whole.losses[0]).toBe(whole.losses[2]);
    expect(whole.losses.at(-1)).toBeLessThan(whole.losses[0] ?? 0);
    expect(await trained(optimizer, { precision, steps: 30, steps_per_call: 1 }, 3)).toEqual(whole);
  });
});

test("an average beside the running statistics of batch_norm is a notice", async () => {
  const { model, ...rest } = specOf({ type: "sgd", learning_rate: 0.1, average: { start: 1 } }, { steps: 2 });
  const noticesWith = async (norm: object) => {
    const { spec } = await normal({ ...rest, model: [...model.slice(0, 1), norm, ...model.slice(1)] });
    const request = { spec, folder: ".", device: "cpu", resume: false, init: null, disabledPasses: [] } as const;
    const { events } = await run({ ...request, out: join(folder, `run${runCount++}`) });
    return eventsOfKind(events, "notice").map(({ message }) => message);
  };
  expect(await noticesWith({ layer: "batch_norm" })).toEqual([
    "The running statistics of batch_norm follow the weights before averaging: with averaged weights they are approximate.",
  ]);
  expect(await noticesWith({ layer: "batch_norm", trainable: false })).toEqual([]);
});

test("an average that starts after the run is a notice, and the weights are the trained ones", async () => {
  const sgd = { type: "sgd", learning_rate: 0.1 };
  const plain = await trained(sgd, { steps: 4 });
  const early = await trained({ ...sgd, average: { start: 2 } }, { steps: 4 });
  const late = await trained({ ...sgd, average: { start: 4 } }, { steps: 4 });
  expect(late.weights).toEqual(plain.weights);
  expect(early.weights).not.toEqual(plain.weights);
  expect(plain.notices).toEqual([]);
  expect(late.notices).toEqual([
    "The average of the weights starts after update 4, but the run ends at step 4: no weights are averaged.",
  ]);
});
