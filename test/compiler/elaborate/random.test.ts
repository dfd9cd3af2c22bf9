/** Counter-based random numbers: the arithmetic against a second implementation, and statistics of many numbers. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bernoulliMask, dropoutMask, prime, uniform } from "../../../compiler/elaborate/random.js";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { scalarTensor, tensor } from "../../../compiler/ir/tensor.js";
import type { Graph, Shape, Tensor, Value } from "../../../compiler/ir/types.js";
import { runPasses, stepPasses } from "../../../compiler/optimize/pipeline.js";
import { modelOf, run } from "../../support/run-graph.js";

const p = BigInt(prime);

/** The same numbers in exact integers, entry by entry; rows are all positions but the last. */
function reference(seed: number, site: string) {
  const keys = (...words: readonly (string | number)[]) => {
    const hash = createHash("sha256").update(JSON.stringify(words)).digest();
    return [0, 4, 8].map((offset) => BigInt(hash.readUInt32LE(offset)) % p) as [bigint, bigint, bigint];
  };
  const cube = (x: bigint) => (x * x * x) % p;
  const [key0, key1, key2] = keys(seed, site, "rows");
  const hash32 = (word: 0 | 1 | 2, step: bigint) =>
    [0, 1, 2].reduce((x, round) => cube(x + keys(seed, round)[word]), step);
  const unit = (index: number) => keys(seed, site, "units").reduce((x, key) => cube(x + key), BigInt(index));
  return (step: number, rows: number, units: number): Float64Array => {
    const [step0, step1, step2] = [hash32(0, BigInt(step)), hash32(1, BigInt(step)), hash32(2, BigInt(step))];
    const factors = Array.from({ length: units }, (_, index) => unit(index));
    const entries = Array.from({ length: rows }, (_, row) => {
      const r = cube(cube(cube(BigInt(row) + step0 + key0) + key1) + step1);
      const q = cube(r + step2 + key2);
      return factors.map((c) => Number((r * c + q) % p));
    });
    return Float64Array.from(entries.flat());
  };
}

/** A graph that draws for a step; its other input defines the sizes `batch` and `time`. */
function randomGraph(
  shape: Shape,
  draw: (random: Parameters<typeof uniform>[0], shape: Shape) => Value,
  bits: 32 | 64 = 64,
): Graph {
  const b = graphBuilder("draw");
  const step = b.input("step", { dtype: "int64", shape: [] });
  const sizes = b.input("sizes", { dtype: "float32", shape: ["time", "batch"] });
  return b.finish([draw({ b, integerBits: bits, seed: 7, step: () => step, shard: null }, shape), b.neg(sizes)]);
}

/** The largest integer that a graph computes. */
function largestInteger(graph: Graph, inputs: readonly Tensor[]): number {
  const integers = graph.nodes.flatMap(({ outputs }) => outputs.filter(({ type }) => type.dtype === "int64"));
  const results = evaluate({ ...graph, outputs: integers }, inputs);
  return results.reduce((maximum, { data }) => data.reduce((x, entry) => Math.max(x, Math.abs(entry)), maximum), 0);
}

const operands = (step: number, [time, batch]: readonly [number, number]): readonly Tensor[] => [
  scalarTensor(step, "int64"),
  tensor("float32", [time, batch], new Float64Array(time * batch)),
];

const sequence = randomGraph(["time", "batch", 5], (random, shape) => uniform(random, "rnn/0", shape));

describe("the arithmetic", () => {
  const steps = [0, 1, 12_345, prime - 1];

  test.each(steps)("step %i, in the evaluator and in a session", async (step) => {
    const expected = reference(7, "rnn/0")(step, 6, 5);
    expect(evaluate(sequence, operands(step, [3, 2]))[0]?.data).toEqual(expected);
    const optimized = runPasses(sequence, stepPasses, { expected: new Map() });
    expect(evaluate(optimized, operands(step, [3, 2]))[0]?.data).toEqual(expected);
    const [result] = await run(await modelOf(optimized, 18), operands(step, [3, 2]));
    expect(result).toMatchObject({ dtype: "int64", shape: [3, 2, 5], data: expected });
  });

  test.each(steps)("step %i, in int32", (step) => {
    const narrowGraph = randomGraph(["time", "batch", 5], (random, shape) => uniform(random, "rnn/0", shape), 32);
    const optimized = runPasses(narrowGraph, stepPasses, { expected: new Map() });
    const values = reference(7, "rnn/0")(step, 6, 5);
    for (const graph of [narrowGraph, optimized]) {
      expect(evaluate(graph, operands(step, [3, 2]))[0]?.data).toEqual(values);
      expect(largestInteger(graph, operands(step, [3, 2]))).toBeLessThan(2 ** 31);
    }
  });

  test("sites, seeds and steps have different numbers; longer sequences begin with those of shorter ones", () => {
    const numbers = (seed: number, site: string, step: number) => reference(seed, site)(step, 2, 2).join();
    const values = [numbers(7, "a", 1), numbers(8, "a", 1), numbers(7, "b", 1), numbers(7, "a", 2)];
    expect(new Set(values).size).toBe(4);
    const [short, long] = [3, 5].map((time) => evaluate(sequence, operands(4, [time, 2]))[0]?.data);
    expect(long?.slice(0, 30)).toEqual(short);
  });

  test("sites share the hashes of the step", () => {
    const twoDraws = randomGraph(["batch", 4], (random, shape) =>
      random.b.add(uniform(random, "a", shape), uniform(random, "b", shape)),
    );
    const count = (graph: Graph) => runPasses(graph, stepPasses, { expected: new Map() }).nodes.length;
    const single = randomGraph(["batch", 4], (random, shape) => uniform(random, "a", shape));
    expect(count(twoDraws) - count(single)).toBeLessThan(0.8 * count(single));
  });

  test("a mask keeps an entry exactly where its number is below the rate", () => {
    const shape = ["time", "batch", 64] as const;
    const mask = randomGraph(shape, (random, sized) => bernoulliMask(random, "rnn/0", sized, 0.7));
    const scaled = randomGraph(shape, (random, sized) => dropoutMask(random, "rnn/0", sized, 0.3));
    const expected = reference(7, "rnn/0")(9, 8, 64).map((u) => (u < Math.round(0.7 * prime) ? 1 : 0));
    expect(evaluate(mask, operands(9, [4, 2]))[0]?.data).toEqual(expected);
    const factors = evaluate(scaled, operands(9, [4, 2]))[0]?.data ?? new Float64Array();
    expect(factors.map((factor) => (factor > 0 ? 1 : 0))).toEqual(expected);
    expect([...new Set(factors)].sort()).toEqual([0, 1 / 0.7]);
  });
});

describe("statistics", () => {
  // Deterministic, so that a failure is a change of the arithmetic: the bounds are four standard deviations.
  const [steps, rows, units] = [80, 48, 64];
  const count = steps * rows * units;
  const [sampled, otherSampler] = [sampler(7, "rnn/0", [rows, units]), sampler(7, "rnn/1", [rows, units])];
  const draws = Array.from({ length: steps }, (_, step) => sampled(step).map((u) => u / prime));
  const otherDraws = draws.map((_, step) => otherSampler(step).map((u) => u / prime));

  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const samples = draws.flatMap((draw) => [...draw]);

  test("mean and variance are those of the uniform distribution", () => {
    const average = mean(samples);
    expect(Math.abs(average - 1 / 2) * Math.sqrt(12 * count)).toBeLessThan(4);
    const variance = mean(samples.map((value) => (value - average) ** 2));
    expect(Math.abs(variance - 1 / 12) * Math.sqrt(180 * count)).toBeLessThan(4);
  });

  test("the values fill 256 bins evenly", () => {
    const bins = new Float64Array(256);
    for (const value of samples) bins[Math.floor(256 * value)] = (bins[Math.floor(256 * value)] ?? 0) + 1;
    expect(Math.abs(chiSquare(bins, count / 256) - 255) / Math.sqrt(2 * 255)).toBeLessThan(4);
  });

  test.each<[string, (step: number, row: number, unit: number) => number | undefined]>([
    ["the unit before", (step, row, unit) => (unit > 0 ? draws[step]?.[row * units + unit - 1] : undefined)],
    ["the row before", (step, row, unit) => (row > 0 ? draws[step]?.[(row - 1) * units + unit] : undefined)],
    ["the step before", (step, row, unit) => draws[step - 1]?.[row * units + unit]],
    ["another site", (step, row, unit) => otherDraws[step]?.[row * units + unit]],
  ])("dropped entries are not correlated with %s", (_, partner) => {
    const keepProbability = 0.7;
    let [sum, pairs] = [0, 0];
    for (const [step, draw] of draws.entries()) {
      for (const [position, value] of draw.entries()) {
        const beside = partner(step, Math.floor(position / units), position % units);
        if (beside === undefined) continue;
        sum +=
          (Number(value < keepProbability) - keepProbability) * (Number(beside < keepProbability) - keepProbability);
        pairs++;
      }
    }
    expect(Math.abs(sum / (keepProbability * (1 - keepProbability) * Math.sqrt(pairs)))).toBeLessThan(4);
  });

  test("units and rows are kept equally often, and the kept units per row have the binomial variance", () => {
    const keepProbability = 0.7;
    const scatter = keepProbability * (1 - keepProbability);
    const keepCounts = (size: number, index: (row: number, unit: number) => number) => {
      const counts = new Float64Array(size);
      for (const draw of draws) {
        for (const [position, value] of draw.entries()) {
          const bin = index(Math.floor(position / units), position % units);
          counts[bin] = (counts[bin] ?? 0) + Number(value < keepProbability);
        }
      }
      const blockSize = count / size;
      return (chiSquare(counts, keepProbability * blockSize) / (1 - keepProbability) - size) / Math.sqrt(2 * size);
    };
    expect(Math.abs(keepCounts(units, (_, unit) => unit))).toBeLessThan(4);
    expect(Math.abs(keepCounts(rows, (row) => row))).toBeLessThan(4);
    const perRow = draws.flatMap((draw) =>
      Array.from(
        { length: rows },
        (_, row) => draw.slice(row * units, (row + 1) * units).filter((u) => u < keepProbability).length,
      ),
    );
    const meanSquare =
      mean(perRow.map((keepCounts) => (keepCounts - keepProbability * units) ** 2)) / (scatter * units);
    expect(Math.abs(meanSquare - 1) * Math.sqrt(perRow.length / 2)).toBeLessThan(4);
  });
});

function chiSquare(counts: Float64Array, expected: number): number {
  return counts.reduce((sum, observed) => sum + (observed - expected) ** 2 / expected, 0);
}

/** The numbers that the graph draws for a step, in the evaluator. */
function sampler(seed: number, site: string, shape: readonly number[]): (step: number) => Float64Array {
  const b = graphBuilder("sample");
  const step = b.input("step", { dtype: "int64", shape: [] });
  const graph = b.finish([uniform({ b, integerBits: 64, seed, step: () => step, shard: null }, site, shape)]);
  return (stepNumber) => evaluate(graph, [scalarTensor(stepNumber, "int64")])[0]?.data ?? new Float64Array();
}
