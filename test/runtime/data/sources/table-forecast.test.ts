/** Horizons of several rows: targets row by row, splits, sizes, baselines, and the errors of each row. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inferSignature } from "../../../../runtime/data/data-signature.js";
import { openData } from "../../../../runtime/data/index.js";
import { baselinesOf } from "../../../../runtime/evaluation/baselines.js";
import { splitDetails } from "../../../../runtime/evaluation/split-details.js";
import { outputsOf } from "../../../../schema/kinds/outputs.js";
import { problemsOf } from "../../../support/check-spec.js";
import { normal } from "../../../support/read-spec.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

const rows = 20;
const csv = `a,b\n${Array.from({ length: rows }, (_, row) => `${row},${100 + row}`).join("\n")}\n`;
const dense = { layer: "dense", size: "classes" };
const last = [{ layer: "rnn", cell: "gru", hidden_size: 2, return: "last" }, dense];
const everyStep = [{ layer: "rnn", cell: "gru", hidden_size: 2 }, dense];

function specOf(horizon: unknown, model: readonly object[] = last, data: object = {}, rest: object = {}) {
  return {
    name: "f",
    data: { type: "table", file: "t.csv", window: 3, horizon, ...data },
    model,
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
    train: { steps: 1 },
    ...rest,
  };
}

async function open(...request: Parameters<typeof specOf>) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv);
  const { spec } = await normal(specOf(...request));
  const opened = await openData(spec, folder);
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  return { spec, source: opened.value };
}

describe("targets", () => {
  test.each<[string, unknown, readonly number[]]>([
    ["the next 3 rows", 3, [3, 103, 4, 104, 5, 105]],
    ["single rows", [1, 4], [3, 103, 6, 106]],
    ["rows in the order of the list", [3, 1], [5, 105, 3, 103]],
    ["the next row", 1, [3, 103]],
  ])("%s have the columns of each row in turn", async (_, horizon, targets) => {
    const { source } = await open(horizon);
    expect(source.batch([0]).get("targets")).toMatchObject({
      shape: [1, targets.length],
      data: new Float32Array(targets),
    });
    const { sizes, targets: described } = source.signature({ batch_size: 1 } as never);
    expect(sizes.classes).toBe(targets.length);
    expect(described).toMatchObject({ shape: ["batch", targets.length] });
  });

  test("of a model with an output per step are the rows after each", async () => {
    const { source } = await open(2, everyStep, { target: ["a"] });
    expect(source.batch([5]).get("targets")).toMatchObject({
      shape: [1, 3, 2],
      data: Float32Array.of(6, 7, 7, 8, 8, 9),
    });
  });

  test("are in one split only", async () => {
    const { source } = await open(4, last, { target: ["a"], split: { test: 0.4 } });
    const targetsOf = (examples: Uint32Array) => new Set(source.batch(examples).get("targets")?.data as Float32Array);
    const [train, held] = [targetsOf(source.splits.train), targetsOf(source.splits.test)];
    expect(train.size).toBeGreaterThan(3);
    expect(held.size).toBeGreaterThan(3);
    expect([...held].filter((row) => train.has(row))).toEqual([]);
  });

  test("have the columns and the row as name", async () => {
    expect((await open(2)).source.metadata).toMatchObject({
      target: ["a", "b"],
      outputs: ["a+1", "b+1", "a+2", "b+2"],
    });
    expect((await open([7])).source.metadata).not.toHaveProperty("outputs");
  });
});

test("classes of several rows are refused, by validate too", async () => {
  const request = [3, last, { columns: ["a"], target: ["b"] }, { loss: { type: "cross_entropy" } }] as const;
  const message = "The classes of cross_entropy are of one row, but the horizon is the next 3 rows.";
  await expect(open(...request)).rejects.toThrow(message);
  const inferred = await inferSignature((await normal(specOf(...request))).spec, "");
  const hint = 'For one of them write "horizon": [3].';
  expect(inferred).toMatchObject({ ok: false, error: [{ message, hint }] });
});

test("a model with the width of one row gets the list as a way out", async () => {
  const [found] = await problemsOf(specOf(5, [last[0] ?? {}, { layer: "dense", size: 2 }], { columns: ["a", "b"] }));
  expect(found).toContain("The targets have shape [batch, 10], but the outputs [batch, 2].");
  expect(found).toContain('The horizon is the next 5 rows; one row alone is "horizon": [5].');
});

test("errors and baselines are of all rows, and of each", async () => {
  const horizon = [1, 3];
  const { spec, source } = await open(horizon, last, { target: ["a"], scale: "standard", split: { test: 0.4 } });
  const [output] = outputsOf(spec);
  if (output === undefined) throw new Error("no output");
  const { train, test: held } = source.splits;
  const [ofLast] = baselinesOf({ spec, source, output }, held, train).baselines;
  // The column counts rows: the last value is as many less as the row is ahead.
  expect(ofLast).toMatchObject({ baseline: "last value", mae: expect.closeTo(2, 4) });
  expect(ofLast?.steps?.map(({ step, mae }) => [step, Math.round(mae * 1e4) / 1e4])).toEqual([
    [1, 1],
    [3, 3],
  ]);
  const evaluator = {
    async *outputs(_: unknown, batch: Uint32Array) {
      const targets = source.batch(batch).get("targets");
      const data = Float32Array.from(targets?.data as Float32Array, (value, index) => value + (index % 2));
      yield { batch, output: { dtype: "float32" as const, shape: [batch.length, 2], data } };
    },
  };
  const context = { evaluator, parameters: {}, spec, source, output } as unknown as Parameters<typeof splitDetails>[0];
  const [errors] = (await splitDetails(context, held, null)).columns ?? [];
  expect(errors?.steps?.map(({ step }) => step)).toEqual(horizon);
  expect(errors?.steps?.[0]?.mae).toBeCloseTo(0, 4);
  expect(errors?.steps?.[1]?.mae).toBeGreaterThan(1);
  expect(errors?.mae).toBeCloseTo((errors?.steps?.[1]?.mae ?? 0) / 2, 4);
});
