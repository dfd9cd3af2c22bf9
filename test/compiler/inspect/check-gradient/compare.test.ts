/** A derivative against differences: right, wrong, at a kink, at a jump, below the rounding errors. */
import { describe, expect, test } from "vitest";
import { compare } from "../../../../compiler/inspect/check-gradient/compare.js";
import { compareEntries } from "../../../../compiler/inspect/check-gradient/tensors.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import { randomStream } from "../../../../runtime/tensors/random.js";

describe("of one number", () => {
  test.each<[string, (x: number) => number, number, number, string]>([
    ["a cubic", (x) => x ** 3, 0.7, 3 * 0.49, "same"],
    ["a cubic, 0.001% too large", (x) => x ** 3, 0.7, 3 * 0.49 * 1.00001, "wrong"],
    ["a steep function", (x) => Math.sin(300 * x), 0.1, 300 * Math.cos(30), "same"],
    [
      "a steep one with rounding errors",
      (x) => Math.round(Math.sin(30 * x) * 1e9) / 1e9,
      0.02,
      30 * Math.cos(0.6),
      "same",
    ],
    [
      "the same, 0.001% too large",
      (x) => Math.round(Math.sin(30 * x) * 1e9) / 1e9,
      0.02,
      30.0003 * Math.cos(0.6),
      "wrong",
    ],
    ["a loss of a million", (x) => 1e6 + x * x, 3, 6, "same"],
    ["a loss of a million, 5% too large", (x) => 1e6 + 1e5 * x, 3, 1.05e5, "wrong"],
    ["a weight of a million", (x) => 1e-6 * x * x, 1e6, 2, "same"],
    ["relu at 0, from the left", (x) => Math.max(x, 0), 0, 0, "kink"],
    ["relu at 0, from the right", (x) => Math.max(x, 0), 0, 1, "kink"],
    ["relu at 0, by neither side", (x) => Math.max(x, 0), 0, 1.5, "wrong"],
    ["relu near 0", (x) => Math.max(x, 0), 1e-7, 1, "kink"],
    ["a small slope", (x) => 1 + 1e-10 * Math.sin(x), 0.5, 1e-10 * Math.cos(0.5), "same"],
    ["a small slope, twice as large", (x) => 1 + 1e-10 * Math.sin(x), 0.5, 2e-10 * Math.cos(0.5), "wrong"],
    ["a small slope, of zero", (x) => 1 + 1e-10 * Math.sin(x), 0.5, 0, "wrong"],
    ["a slope below the rounding errors", (x) => 1 + 1e-17 * x, 0.5, 1e-17, "unmeasurable"],
    ["a slope below the rounding errors of a large loss", (x) => 1e6 + 1e-8 * x, 0.5, 1e-8, "unmeasurable"],
    ["a constant", () => 1, 0.5, 0, "same"],
    ["a step at 0", (x) => Math.floor(x) + x * x, 0, 0, "jump"],
    ["a step elsewhere", (x) => Math.floor(x) + x * x, 0.3, 0.6, "same"],
    ["a step elsewhere, with a wrong slope", (x) => Math.floor(x) + x * x, 0.3, 0.7, "wrong"],
  ])("%s", (_, f, x, gradient, verdict) => {
    expect(compare((h) => f(x + h), Math.abs(x), gradient).verdict).toBe(verdict);
  });
});

describe("of a tensor", () => {
  const size = 200;
  const values = Float64Array.from({ length: size }, (_, entry) => Math.sin(entry));
  const lossOf = ({ data }: { readonly data: Float64Array }) => data.reduce((sum, value) => sum + value ** 3, 0);
  const right = values.map((value) => 3 * value * value);
  const check = (gradient: Float64Array, entries: number) =>
    compareEntries(
      { tensor: tensor("float32", [10, 20], values), gradient: tensor("float32", [10, 20], gradient), lossOf },
      entries,
      randomStream(1, "entries").uniform,
    );

  test("some entries, and all of them along a direction", () => {
    const comparisons = check(right, 6);
    expect(comparisons.map(({ verdict }) => verdict)).toEqual(Array(7).fill("same"));
    const entries = comparisons.slice(0, 6).map(({ index }) => `${index}`);
    expect(new Set(entries).size).toBe(6);
    expect(comparisons[6]?.index).toBeNull();
    expect(check(right, 6)).toEqual(comparisons);
  });

  test("the direction finds one wrong entry of many", () => {
    const verdicts = check(right.with(137, (right[137] as number) + 0.01), 2).map(({ index, verdict }) =>
      index === null ? verdict : "entry",
    );
    expect(verdicts).toEqual(["entry", "entry", "wrong"]);
  });

  test("half of the entries have a gradient, where few have", () => {
    const sparse = values.map((_, entry) => (entry === 7 || entry === 150 ? 1 : 0));
    const indices = check(sparse, 4).map(({ index }) => index?.join());
    expect(indices).toContain("0,7");
    expect(indices).toContain("7,10");
  });

  test("all entries of a small tensor, without a direction", () => {
    const comparisons = check(right, size);
    expect(comparisons.map(({ index }) => index)).not.toContain(null);
    expect(comparisons).toHaveLength(size);
  });
});
