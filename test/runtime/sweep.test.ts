/** Sweeps: search spaces and pruning. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Pruner, shouldPrune, type TrialProgress } from "../../runtime/sweep/pruning.js";
import { generateTrials, type SearchSpace } from "../../runtime/sweep/search-space.js";

const searchSpace: SearchSpace = {
  grid: [
    { path: "a", values: [1, 2] },
    { path: "b", values: ["x", null] },
  ],
  samples: [],
  num_samples: 5,
  seed: 1,
};

describe("search spaces", () => {
  test("all combinations of grid values", () => {
    expect(generateTrials(searchSpace)).toEqual([
      { a: 1, b: "x" },
      { a: 1, b: null },
      { a: 2, b: "x" },
      { a: 2, b: null },
    ]);
  });

  const sampledSpace: SearchSpace = {
    grid: [{ path: "a", values: [1, 2] }],
    samples: [
      { type: "range", path: "rate", low: 1e-4, high: 1e-1, scale: "log", integer: false },
      { type: "range", path: "size", low: 4, high: 64, scale: "linear", integer: true },
      { type: "choice", path: "cell", values: ["lstm", "gru"] },
    ],
    num_samples: 200,
    seed: 3,
  };

  test("samples have the range and scale of their axis", () => {
    const trials = generateTrials(sampledSpace);
    expect(trials).toHaveLength(400);
    const rates = trials.map(({ rate }) => Number(rate));
    expect(rates.every((rate) => rate >= 1e-4 && rate <= 1e-1)).toBe(true);
    const middle = rates.filter((rate) => rate < 10 ** -2.5).length / rates.length;
    expect(middle).toBeGreaterThan(0.42);
    expect(middle).toBeLessThan(0.58);
    const sizes = trials.map(({ size }) => Number(size));
    expect(sizes.every((size) => Number.isInteger(size) && size >= 4 && size <= 64)).toBe(true);
    expect(new Set(trials.map(({ cell }) => cell))).toEqual(new Set(["lstm", "gru"]));
  });

  test("the seed determines the samples; more samples or another axis keep them", () => {
    const [first, ...remaining] = sampledSpace.samples;
    const threeDraws = generateTrials({ ...sampledSpace, num_samples: 3 });
    expect(generateTrials(sampledSpace).slice(0, 6)).toEqual(threeDraws);
    expect(generateTrials({ ...sampledSpace, num_samples: 3, seed: 4 })).not.toEqual(threeDraws);
    const fewer = generateTrials({ ...sampledSpace, num_samples: 3, samples: remaining });
    expect(fewer.map(({ size }) => size)).toEqual(threeDraws.map(({ size }) => size));
    expect(first?.path).toBe("rate");
  });

  test("no trial is repeated", () => {
    const samples = [{ type: "choice" as const, path: "cell", values: ["lstm", "gru"] }];
    expect(generateTrials({ grid: [], samples, num_samples: 50, seed: 1 })).toHaveLength(2);
  });
});

/** Progress of trials by their values at steps 10, 20, … of 90. */
function progressOf(...values: readonly (readonly number[])[]): ReadonlyMap<number, TrialProgress> {
  return new Map(
    values.map((row, index) => {
      const progress = row.map((value, position) => ({ step: (position + 1) * 10, value }));
      return [index + 1, { steps: 90, intermediateValues: progress }];
    }),
  );
}

describe("pruning", () => {
  test("median: stops trials worse than the median at the same step", () => {
    const good = [
      [3, 2, 1],
      [3, 2, 1],
      [4, 3, 2],
    ] as const;
    expect(shouldPrune("median", progressOf([5, 4], ...good), 1, "min")).toBe(true);
    expect(shouldPrune("median", progressOf([5, 2], ...good), 1, "min")).toBe(false);
    // It was good once.
    expect(shouldPrune("median", progressOf([1, 9], ...good), 1, "min")).toBe(false);
    // Too few have come as far.
    expect(shouldPrune("median", progressOf([5, 4], [3, 2, 1], [3, 2], [3]), 1, "min")).toBe(false);
    expect(shouldPrune("median", progressOf([5, 4], ...good), 1, "max")).toBe(false);
    expect(shouldPrune("median", progressOf([Number.NaN, Number.NaN], ...good), 1, "min")).toBe(true);
  });

  test("halving: stops all but the best third at a rung", () => {
    const otherTrials = [[3], [2], [1], [4], [5]] as const;
    // Step 10 is the first rung of 90.
    expect(shouldPrune("halving", progressOf([1.5], ...otherTrials), 1, "min")).toBe(false);
    expect(shouldPrune("halving", progressOf([2.5], ...otherTrials), 1, "min")).toBe(true);
    // No pruning between rungs, and the first trial at a rung continues.
    expect(shouldPrune("halving", progressOf([9, 9], ...otherTrials), 1, "min")).toBe(false);
    expect(shouldPrune("halving", progressOf([9]), 1, "min")).toBe(false);
    // Step 30 is the second.
    expect(shouldPrune("halving", progressOf([1, 1, 9], [1, 1, 1]), 1, "min")).toBe(false);
    expect(shouldPrune("halving", progressOf([9, 9, 9], [1, 1, 1]), 1, "min")).toBe(true);
  });

  test("never prunes the best, at the end, or without a rule", () => {
    const rules: readonly Pruner[] = ["median", "halving"];
    const row = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(fc.constantFrom(...rules), fc.array(row, { maxLength: 6 }), (rule, otherTrials) => {
        expect(shouldPrune(rule, progressOf([0], ...otherTrials), 1, "min")).toBe(false);
        expect(shouldPrune(rule, progressOf(Array(9).fill(99), ...otherTrials), 1, "min")).toBe(false);
        expect(shouldPrune("none", progressOf([99], ...otherTrials), 1, "min")).toBe(false);
      }),
    );
  });
});
