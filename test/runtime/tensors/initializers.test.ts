import { describe, expect, test } from "vitest";
import type { Initializer } from "../../../compiler/artifact.js";
import { initializeTensor } from "../../../runtime/tensors/initializers.js";

const draw = (initializer: Initializer, shape: readonly number[], name = "W", seed = 1) =>
  initializeTensor({ name, shape, initializer }, seed);

function moments(values: Float32Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

describe("distributions", () => {
  test("constant", () => {
    expect([...draw({ type: "constant", value: 0.1 }, [2, 2])]).toEqual(Array(4).fill(Math.fround(0.1)));
  });

  test("uniform: bounds, mean and deviation", () => {
    const values = draw({ type: "uniform", minimum: -1, maximum: 3 }, [100, 200]);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...values)).toBeLessThanOrEqual(3);
    const { mean, deviation } = moments(values);
    expect(mean).toBeCloseTo(1, 1);
    expect(deviation).toBeCloseTo(4 / Math.sqrt(12), 1);
  });

  test("normal: mean, deviation and tails", () => {
    const values = draw({ type: "normal", mean: 2, deviation: 0.5 }, [100, 200]);
    const { mean, deviation } = moments(values);
    expect(Math.abs(mean - 2)).toBeLessThan(0.02);
    expect(Math.abs(deviation - 0.5)).toBeLessThan(0.02);
    const beyondTwo = values.filter((value) => Math.abs(value - 2) > 1).length / values.length;
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.01);
  });

  test.each([
    [6, 6],
    [4, 9],
    [9, 4],
    [1, 5],
    [64, 64],
  ])("orthogonal %i × %i: the shorter side's vectors are orthonormal, times the gain", (rows, columns) => {
    const values = draw({ type: "orthogonal", gain: 2 }, [rows, columns]);
    const across = rows <= columns;
    const valueAt = (vector: number, index: number) =>
      values[across ? vector * columns + index : index * columns + vector] ?? 0;
    for (let a = 0; a < Math.min(rows, columns); a++) {
      for (let b = 0; b < Math.min(rows, columns); b++) {
        let product = 0;
        for (let index = 0; index < Math.max(rows, columns); index++) product += valueAt(a, index) * valueAt(b, index);
        expect(Math.abs(product - (a === b ? 4 : 0))).toBeLessThan(1e-5);
      }
    }
  });

  test("orthogonal matrices are rotations and reflections equally often", () => {
    let rotations = 0;
    for (let seed = 0; seed < 400; seed++) {
      const [a = 0, b = 0, c = 0, d = 0] = draw({ type: "orthogonal", gain: 1 }, [2, 2], "U", seed);
      if (a * d - b * c > 0) rotations++;
    }
    expect(Math.abs(rotations - 200)).toBeLessThan(50);
  });

  test("slices of the last axis over a base", () => {
    const initializer: Initializer = {
      type: "slices",
      base: { type: "constant", value: 0 },
      slices: [
        { from: 1, to: 3, initializer: { type: "constant", value: 1 } },
        { from: 3, to: 4, initializer: { type: "uniform", minimum: 5, maximum: 6 } },
      ],
    };
    const values = [...draw(initializer, [2, 4])].map(Math.floor);
    expect(values).toEqual([0, 1, 1, 5, 0, 1, 1, 5]);
    expect([...draw(initializer, [4])].map(Math.floor)).toEqual([0, 1, 1, 5]);
  });
});

describe("streams", () => {
  const uniform: Initializer = { type: "uniform", minimum: 0, maximum: 1 };

  test("a tensor's values depend on the seed and its name", () => {
    const values = draw(uniform, [3, 3], "a", 1);
    expect(draw(uniform, [3, 3], "a", 1)).toEqual(values);
    expect(draw(uniform, [3, 3], "b", 1)).not.toEqual(values);
    expect(draw(uniform, [3, 3], "a", 2)).not.toEqual(values);
  });

  test("two names are not correlated", () => {
    const a = draw(uniform, [10_000], "a");
    const b = draw(uniform, [10_000], "b");
    const covariance = a.reduce((sum, value, index) => sum + (value - 0.5) * ((b[index] ?? 0) - 0.5), 0) / 10_000;
    expect(Math.abs(covariance * 12)).toBeLessThan(0.05);
  });

  test("pinned: the same spec and seed give the same weights in every version", () => {
    expect([...draw(uniform, [2], "rnn/0/W")]).toEqual([0.536338746547699, 0.6106375455856323]);
    expect([...draw({ type: "normal", mean: 0, deviation: 1 }, [2], "rnn/0/W")]).toEqual([
      -0.9521393775939941, -0.7941238880157471,
    ]);
  });
});
