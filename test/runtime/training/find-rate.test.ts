/** The learning-rate range test: its rates and losses are those of a training, and its suggestion follows its rule. */
import { describe, expect, test } from "vitest";
import { findRate } from "../../../runtime/training/find-rate.js";
import { suggestRate } from "../../../runtime/training/rate-suggestion.js";
import { normal } from "../../support/read-spec.js";
import { specs } from "../../support/small-specs.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { losses, run } from "../../support/training-runs.js";

const range = { minimum: 1e-4, maximum: 0.1, steps: 30 };
const grown = Array.from({ length: range.steps }, (_, n) => 1e-4 * 1000 ** (n / (range.steps - 1)));

async function testRates(given: object, limits = range) {
  const { spec } = await normal(given);
  const result = await findRate({ spec, folder: ".", device: "cpu", init: null, range: limits });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

describe("on every kind of model", () => {
  test.each(specs)("$name", async (given) => {
    const { rates, losses: tested, smoothed, diverged } = await testRates(given);
    expect(smoothed).toHaveLength(tested.length);
    expect(diverged).toBe(tested.length < range.steps);
    for (const [index, rate] of rates.entries()) expect(rate / (grown[index] ?? 0)).toBeCloseTo(1, 5);

    // The same training as a run whose schedule grows.
    const schedule = { type: "exponential_decay", decay_steps: range.steps - 1, decay_rate: 1000 };
    const { optimizer, train } = given as unknown as { readonly optimizer: object; readonly train: object };
    const { spec } = await normal({
      ...given,
      optimizer: { ...optimizer, learning_rate: range.minimum, schedule, average: null },
      train: { ...train, steps: range.steps, steps_per_call: 1, keep_best: null },
    });
    const out = temporaryFolder();
    const request = { spec, folder: ".", device: "cpu", resume: false, init: null, disabledPasses: [] } as const;
    const { events } = await run({ ...request, out: `${out}/run` });
    expect(tested).toEqual(losses(events).slice(0, tested.length));
  });
});

test("the rates of an optimizer inside another keep their ratio", async () => {
  const [base] = specs;
  const muon = (rate: number) => ({ type: "muon", learning_rate: rate, adam: { learning_rate: rate / 4 } });
  const tested = await testRates({ ...base, optimizer: muon(0.02) });
  expect(tested.losses).toEqual((await testRates({ ...base, optimizer: muon(range.minimum) })).losses);
  const { losses: others } = await testRates({ ...base, optimizer: { ...muon(0.02), adam: { learning_rate: 0.001 } } });
  expect(others).not.toEqual(tested.losses);
});

test("a test that diverges ends early, and keeps no loss that is not finite", async () => {
  const { losses: tested, ...result } = await testRates(
    {
      optimizer: { type: "sgd", learning_rate: 1 },
      data: { type: "arrays", inputs: [[[1], [2]]], targets: [[[3], [5]]] },
      model: [{ layer: "dense", size: 1 }],
      loss: { type: "squared_error" },
    },
    { minimum: 0.01, maximum: 1e6, steps: 60 },
  );
  expect(result.diverged).toBe(true);
  expect(tested.every(Number.isFinite)).toBe(true);
  expect(tested.length).toBeLessThan(60);
  expect(tested.length).toBe(result.rates.length);
});

describe("the suggestion", () => {
  const steps = 101;
  const rates = Array.from({ length: steps }, (_, n) => 1e-6 * 10 ** (n / 12.5));
  const curve = (loss: (decade: number) => number, noise = 0) => ({
    rates,
    losses: rates.map((rate, n) => loss(Math.log10(rate)) + noise * Math.sin(7 * n * n)),
  });

  test("is the steepest fall of a sigmoid, before the rise", () => {
    const { suggestion, lowest, smoothed } = suggestRate(
      curve((decade) => 2 / (1 + Math.exp(4 * (decade + 3))) + Math.exp(3 * (decade + 0.5))),
      steps,
    );
    expect(Math.log10(suggestion ?? 0)).toBeCloseTo(-3, 1);
    expect(lowest).toBeGreaterThan(2e-3);
    expect(lowest).toBeLessThan(0.1);
    expect(smoothed).toHaveLength(steps);
  });

  test("is the same under a little noise", () => {
    const noisy = curve((decade) => 2 / (1 + Math.exp(4 * (decade + 3))) + Math.exp(3 * (decade + 0.5)), 0.05);
    expect(Math.abs(Math.log10(suggestRate(noisy, steps).suggestion ?? 0) + 3)).toBeLessThan(0.3);
  });

  test.each<[string, (decade: number) => number, number]>([
    ["rises", (decade) => decade, 0],
    ["is constant", () => 1, 0],
    ["is noise", () => 1, 0.3],
  ])("is none where the loss %s", (_, loss, noise) => {
    expect(suggestRate(curve(loss, noise), steps).suggestion).toBeNull();
  });
});
