/** spec_augment: spans of zeros within the lengths of each row, by seed, step and row, in training alone. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { restrictGraph } from "../../../../compiler/graph/extract-subgraph.js";
import { at } from "../../../../compiler/ir/expect.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../../compiler/ir/types.js";
import { open, operandsOf, programOf } from "../../../support/programs.js";
import { expectSame } from "../../../support/run-graph.js";

const [BATCH, STEPS, WIDTH] = [3, 40, 20];
const lengths = [40, 10, 25];
const ones = Array.from({ length: BATCH }, () => Array.from({ length: STEPS }, () => new Array(WIDTH).fill(1)));

/** The output of the layer for inputs of ones, as rows of steps of features; and a function for other steps. */
async function augmented(options: object, mode: "training" | "inference" = "training") {
  const opened = await open({
    data: { type: "arrays", inputs: ones, targets: [[0], [0], [0]], lengths },
    model: [{ layer: "spec_augment", ...options }, { layer: "pool" }, { layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
  });
  const { graph, layers } = programOf(opened, mode);
  const { graph: restricted, live } = restrictGraph(graph, [at(layers, 0).value]);
  const own = { ...restricted, inputs: restricted.inputs.filter((input) => live.has(input)) };
  const ports = own.inputs.map((input) => ({ name: input.name ?? "" }));
  const feeds = (step: number) =>
    operandsOf(
      ports,
      new Map<string, Tensor>([
        ["inputs", tensor("float32", [BATCH, STEPS, WIDTH], ones.flat(2))],
        ["lengths", tensor("int64", [BATCH], lengths)],
        ["step", tensor("int64", [], [step])],
      ]),
    );
  const rows = (step: number) => {
    const { data } = evaluate(own, feeds(step))[0] as Tensor;
    return lengths.map((length, row) =>
      Array.from({ length }, (_, t) => Array.from({ length: WIDTH }, (_, f) => data[(t * BATCH + row) * WIDTH + f])),
    );
  };
  return { graph: own, feeds, rows };
}

/** Lengths of the runs of zeros. */
function runs(entries: readonly (number | undefined)[]): readonly number[] {
  const text = entries.map((entry) => (entry === 0 ? "0" : "1")).join("");
  return [...text.matchAll(/0+/g)].map(([run]) => run.length);
}

const steps = Array.from({ length: 60 }, (_, step) => step);

describe("spans of steps", () => {
  const options = { time_masks: 2, time_width: 0.4, feature_masks: 0 };

  test("are as many and as wide as the layer has them, over all features", async () => {
    const { rows } = await augmented(options);
    const hidden = steps.flatMap((step) =>
      rows(step).map((row) => {
        for (const frame of row) expect(new Set(frame).size).toBe(1);
        const found = runs(row.map(([first]) => first));
        expect(found.length).toBeLessThanOrEqual(2);
        for (const run of found) expect(run).toBeLessThanOrEqual(2 * Math.floor(0.4 * row.length));
        return found.reduce((sum, run) => sum + run, 0) / row.length;
      }),
    );
    // Two spans of 0.2 on average, some of which overlap.
    const mean = hidden.reduce((sum, share) => sum + share, 0) / hidden.length;
    expect(mean).toBeGreaterThan(0.3);
    expect(mean).toBeLessThan(0.41);
    expect(Math.max(...hidden)).toBeLessThanOrEqual(0.8);
  });

  test("begin anywhere within the length", async () => {
    const { rows } = await augmented({ ...options, time_masks: 1 });
    const places = new Set(steps.flatMap((step) => rows(step)[1]?.flatMap(([first], t) => (first === 0 ? [t] : []))));
    expect([...places].sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 10 }, (_, t) => t));
  });
});

test("spans of features cover all steps", async () => {
  const { rows } = await augmented({ time_masks: 0, feature_masks: 1, feature_width: 0.5 });
  const counts = steps.flatMap((step) =>
    rows(step).map((row) => {
      for (const frame of row) expect(frame).toEqual(row[0]);
      const found = runs(row[0] ?? []);
      expect(found.length).toBeLessThanOrEqual(1);
      return found[0] ?? 0;
    }),
  );
  expect([...new Set(counts)].sort((a, b) => a - b)).toEqual(Array.from({ length: 11 }, (_, width) => width));
});

test("rows, steps and names have other spans; the same step has the same, also in ONNX Runtime", async () => {
  const { graph, feeds, rows } = await augmented({});
  const texts = steps.flatMap((step) => rows(step).map((row) => JSON.stringify(row)));
  expect(new Set(texts).size).toBeGreaterThan(170);
  expect(rows(7)).toEqual(rows(7));
  const other = await augmented({ name: "other" });
  expect(other.rows(7)).not.toEqual(rows(7));
  await expectSame(graph, feeds(7), 18);
});

test("no spans change nothing, and inference has none", async () => {
  const unchanged = lengths.map((length) => ones[0]?.slice(0, length));
  expect((await augmented({ time_width: 0, feature_masks: 0 })).rows(3)).toEqual(unchanged);
  const inference = await augmented({}, "inference");
  expect(inference.rows(3)).toEqual(unchanged);
});
