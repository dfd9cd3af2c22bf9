/** Splits of single rows of a table: folds, groups of rows, equal shares of classes, and rows that two splits have. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { resolveClassWeights } from "../../../../runtime/training/class-weights.js";
import { readSpec } from "../../../../schema/read.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

/** 12 rows, of which every third is yes, of four customers. */
const rows = Array.from({ length: 12 }, (_, row) => ({
  x: row * row,
  who: `c${row % 4}`,
  bought: row % 3 === 0 ? "yes" : "no",
}));
const csv = ["x,who,bought", ...rows.map(({ x, who, bought }) => `${x},${who},${bought}`), ""].join("\n");

async function open(data: object, { loss = {}, text = csv }: { loss?: object; text?: string } = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), text);
  const spec = {
    name: "rows",
    data: { type: "table", file: "t.csv", columns: ["x"], target: ["bought"], ...data },
    model: [{ layer: "dense", size: "classes" }],
    loss: { type: "cross_entropy", ...loss },
    optimizer: { type: "adam" },
    train: { steps: 1 },
  };
  const read = await readSpec(JSON.stringify(spec), { file: "spec.json", folder });
  if (!read.ok) return { problems: read.diagnostics };
  const opened = await openData(read.spec, folder);
  return opened.ok ? { problems: [], spec: read.spec, source: opened.value } : { problems: opened.error };
}

async function splitsOf(...request: Parameters<typeof open>) {
  const { source, problems } = await open(...request);
  if (source === undefined) throw new Error(JSON.stringify(problems));
  return source.splits;
}

const shareOf = (examples: Uint32Array) => [...examples].filter((row) => row % 3 === 0).length;

describe("folds", () => {
  test("each row is in the test split of one fold, with the same share of each class", async () => {
    const folds = await Promise.all([1, 2, 3, 4].map((fold) => splitsOf({ split: { folds: 4, fold } })));
    expect(folds.flatMap(({ test: own }) => [...own]).sort((a, b) => a - b)).toEqual(rows.map((_, row) => row));
    for (const { test: own, train } of folds) {
      expect([own.length, shareOf(own), train.length, shareOf(train)]).toEqual([3, 1, 9, 3]);
    }
  });

  test("the rows of a group are in one fold", async () => {
    for (const fold of [1, 2, 3, 4]) {
      const { test: own } = await splitsOf({ split: { folds: 4, fold, group: "who" } });
      expect(new Set([...own].map((row) => row % 4)).size).toBe(1);
    }
  });

  test("numbers have folds without classes", async () => {
    const data = { target: ["x"], columns: { who: "category" }, split: { folds: 3, validation: 0.25 } };
    const { train, validation, test: own } = await splitsOf(data, { loss: { type: "squared_error" } });
    expect([train.length, validation.length, own.length]).toEqual([6, 2, 4]);
  });
});

test("stratified splits have the same share of each class", async () => {
  const { train, validation, test: own } = await splitsOf({ split: { validation: 0.25, test: 0.25, stratify: true } });
  expect([train, validation, own].map((examples) => [examples.length, shareOf(examples)])).toEqual([
    [6, 2],
    [3, 1],
    [3, 1],
  ]);
});

test.each([
  [{ split: { folds: 20 } }, "/data/split/folds", "The data has 12 examples, fewer than 20 folds."],
  [{ split: { folds: 2, group: "whom" } }, "/data/split/group", '"t.csv" has no column "whom".'],
  [{ split: { folds: 2 }, window: 2 }, "/data/split/folds", "Folds need single rows, without a window."],
  [
    { split: { stratify: true }, window: 2 },
    "/data/split/stratify",
    "Equal shares of each class need single rows, without a window.",
  ],
  [{ split: { fold: 2 } }, "/data/split/fold", "Only a split with folds has a fold."],
  [
    { split: { group: "who" }, window: 2 },
    "/data/split/group",
    "Splits of whole groups need single rows, without a window.",
  ],
])("%j is refused", async (data, path, message) => {
  const { problems } = await open(data);
  expect(problems).toContainEqual(expect.objectContaining({ path, message }));
});

test("weights of classes are balanced by the training split, or by name", async () => {
  const weightsOf = async (class_weights: unknown) => {
    const { spec, source } = await open({ split: { test: 0.25, stratify: true } }, { loss: { class_weights } });
    if (spec === undefined || source === undefined) throw new Error("The data is not opened.");
    const resolved = resolveClassWeights(spec, source);
    if (!resolved.ok) return resolved.error.map(({ message }) => message);
    const [loss] = resolved.value.spec.losses;
    return loss !== undefined && "class_weights" in loss ? loss.class_weights : null;
  };
  // 6 rows of no and 3 of yes.
  expect(await weightsOf("balanced")).toEqual([9 / 12, 9 / 6]);
  expect(await weightsOf({ yes: 4 })).toEqual([1, 4]);
  expect(await weightsOf({ maybe: 4 })).toEqual(['"maybe" is not a class of the data.']);
});

test("rows that the training split has too are stated with their lines", async () => {
  const text = "x,who,bought\n1,a,yes\n2,a,no\n3,a,yes\n1,a,yes\n";
  const { source } = await open({ split: { test: 0.25, order: "time" } }, { text });
  expect(source?.notices?.join("\n")).toContain(
    "1 of 1 held-out example has the same input as an example of the training split (line 5).",
  );
});
