/** The cell of exponential smoothing of a how-to page: its numbers by loops, and its gradient. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { restrictGraph } from "../../../compiler/graph/extract-subgraph.js";
import { at } from "../../../compiler/ir/expect.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../compiler/ir/types.js";
import { checkGradient } from "../../../runtime/training/check-gradient.js";
import { blocksOf } from "../../docs/blocks.js";
import { open, operandsOf, programOf } from "../../support/programs.js";
import { normal } from "../../support/read-spec.js";

const [SEASON, STEPS] = [3, 8];
const page = join(import.meta.dirname, "../../../docs/how-to/forecast-a-competition.md");
const block = blocksOf(readFileSync(page, "utf8")).find(({ container }) => container === "cells");
const series = Array.from({ length: STEPS }, (_, t) => 2 + 0.1 * t + 0.3 * Math.sin(2.1 * t) + ((t * 7) % 5) * 0.05);

const spec = {
  data: { type: "arrays", inputs: [series.map((x) => [x])], targets: [[0]] },
  ...JSON.parse(`{${block?.content}}`),
  model: [
    { layer: "rnn", cell: "smoothing", season: SEASON, hidden_size: SEASON + 2 },
    { layer: "pool", mode: "last" },
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error" },
  optimizer: { type: "adam" },
};

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Level, seasons of the next steps and rest at each step, by indices instead of a window. */
function smoothed(level: number, season: number): readonly number[] {
  const seasons = Array<number>(SEASON).fill(0);
  let l = 0;
  return series.flatMap((x, t) => {
    const old = seasons[t % SEASON] ?? Number.NaN;
    l = t === 0 ? x : level * (x - old) + (1 - level) * l;
    seasons[t % SEASON] = season * (x - l) + (1 - season) * old;
    const next = Array.from({ length: SEASON }, (_, k) => seasons[(t + 1 + k) % SEASON] ?? Number.NaN);
    return [l, ...next, x - l - old];
  });
}

test("a ring of seasons is a window whose oldest entry is replaced", async () => {
  const { graph, layers } = programOf(await open(spec));
  const { graph: restricted, live } = restrictGraph(graph, [at(layers, 0).value]);
  const own = { ...restricted, inputs: restricted.inputs.filter((input) => live.has(input)) };
  const [a, g] = [0.4, -0.7];
  const values = new Map<string, Tensor>([
    ["inputs", tensor("float32", [1, STEPS, 1], series)],
    ["rnn/0/a", tensor("float32", [1], [a])],
    ["rnn/0/g", tensor("float32", [1], [g])],
  ]);
  const ports = own.inputs.map((input) => ({ name: input.name ?? "" }));
  const [output] = evaluate(own, operandsOf(ports, values)) as [Tensor];
  expect(output.shape).toEqual([STEPS, 1, SEASON + 2]);
  const expected = smoothed(sigmoid(a), sigmoid(g));
  for (const [index, value] of expected.entries()) expect(Number(output.data[index])).toBeCloseTo(value, 5);
});

test("its gradient is that of finite differences", async () => {
  const read = await normal(spec);
  const result = await checkGradient({ spec: read.spec, folder: ".", init: null, entries: 8 });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  expect(result.value.tensors.filter(({ name }) => name.startsWith("rnn/0/"))).toHaveLength(2);
  expect(result.value.isRight).toBe(true);
});
