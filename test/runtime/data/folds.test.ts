/** Folds of cross-validation: examples, classes and groups, in specs, commands and sweeps. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { splitFolds } from "../../../runtime/data/folds.js";
import { openData } from "../../../runtime/data/index.js";
import { inFolds, summarizeFolds } from "../../../runtime/sweep/cross-validation.js";
import type { TrialRecord } from "../../../runtime/sweep/results.js";
import { readSpec } from "../../../schema/read.js";
import { jsonl } from "../../support/predict-file.js";
import { rnnx } from "../../support/spawn.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const base = { folds: 5, fold: 1, validation: 0, order: "shuffled" } as const;

function fold(
  members: Partial<Parameters<typeof splitFolds>[2]>,
  split: Partial<Parameters<typeof splitFolds>[0]> = {},
) {
  const result = splitFolds({ ...base, ...split }, 1, { examples: 23, classes: null, groups: null, ...members });
  if (!result.ok) throw new Error(result.error[0]?.message);
  const { train, validation, test: held } = result.value;
  return { train: [...train], validation: [...validation], test: [...held] };
}

const all = Array.from({ length: 23 }, (_, index) => index);
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

test("every example is in the test split of one fold, and folds have equal sizes", () => {
  const folds = [1, 2, 3, 4, 5].map((number) => fold({}, { fold: number }));
  expect(sorted(folds.flatMap((split) => split.test))).toEqual(all);
  expect(folds.map((split) => split.test.length).sort()).toEqual([4, 4, 5, 5, 5]);
  for (const { train, test: held } of folds) expect(sorted([...train, ...held])).toEqual(all);
  expect(fold({}, { order: "time", fold: 5 }).test).toEqual([19, 20, 21, 22]);
});

test("validation is a fraction of the other folds", () => {
  const { train, validation, test: held } = fold({}, { validation: 0.25 });
  expect([train.length, validation.length, held.length]).toEqual([13, 5, 5]);
  expect(sorted([...train, ...validation, ...held])).toEqual(all);
});

test("folds, training and validation have the same share of each class", () => {
  const classes = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 1 : 0));
  const countOf = (examples: readonly number[]) => examples.filter((example) => classes[example] === 1).length;
  for (const number of [1, 2, 3, 4, 5]) {
    const split = fold({ examples: 60, classes }, { fold: number, validation: 0.25 });
    expect([split.train, split.validation, split.test].map(countOf)).toEqual([12, 4, 4]);
  }
});

test("groups are whole, also in the validation split", () => {
  const groups = all.map((index) => "aaaaabbbbcccddeefffgghh"[index] ?? "");
  const groupsOf = (examples: readonly number[]) => new Set(examples.map((example) => groups[example] ?? ""));
  const folds = [1, 2, 3].map((number) => fold({ groups }, { folds: 3, fold: number, validation: 0.2 }));
  expect(sorted(folds.flatMap((split) => split.test))).toEqual(all);
  for (const { train, validation, test: held } of folds) {
    expect(validation.length).toBeGreaterThanOrEqual(3);
    const sets = [train, validation, held].map(groupsOf);
    expect(new Set(sets.flatMap((set) => [...set])).size).toBe(sets.reduce((sum, { size }) => sum + size, 0));
    expect(held.length).toBeGreaterThanOrEqual(7);
  }
  const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => groupsOf(fold({ groups }, { folds: 8, fold: number }).test));
  expect(eight.every(({ size }) => size === 1)).toBe(true);
  expect(() => fold({ groups }, { folds: 9 })).toThrow("The data has 8 groups, fewer than 9 folds.");
  expect(() => fold({ examples: 3 })).toThrow("The data has 3 examples, fewer than 5 folds.");
});

const model = [
  { layer: "embedding", size: 2 },
  { layer: "pool", mode: "mean" },
  { layer: "dense", size: "classes" },
];
const lines = Array.from({ length: 12 }, (_, index) => ({
  text: `w${index}`,
  label: "xy"[index % 2],
  speaker: index % 4,
}));

async function open(content: string, split: object, file = "s.jsonl", data: object = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, file), content);
  const isPairs = "type" in data;
  const pairsModel = [
    { layer: "embedding", size: 2 },
    { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 2 },
    { layer: "embedding", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 2 },
    { layer: "rnn", cell: "gru", hidden_size: 2, initial_state: "encoder" },
    { layer: "projection", size: "target_vocabulary" },
  ];
  const spec = await readSpec(
    JSON.stringify({
      name: "f",
      data: { type: "sequences", file, split, ...data },
      model: isPairs ? pairsModel : model,
      loss: { type: isPairs ? "sequence_loss" : "cross_entropy" },
      optimizer: { type: "sgd", learning_rate: 0.1 },
      train: { steps: 1 },
    }),
    { folder },
  );
  if (!spec.ok) return { problems: spec.diagnostics.map(({ path, message }) => `${path} ${message}`) };
  const opened = await openData(spec.spec, folder);
  if (!opened.ok) return { problems: opened.error.map(({ path, message }) => `${path} ${message}`) };
  const { train, validation, test: held } = opened.value.splits;
  return { train: [...train], validation: [...validation], test: [...held] };
}

describe("in a spec", () => {
  test("the groups of sequences and pairs are a key or a column", async () => {
    for (const number of [1, 2, 3, 4]) {
      const split = { folds: 4, fold: number, group: "speaker" };
      const { test: held = [] } = await open(jsonl(lines), split);
      expect(new Set(held.map((index) => index % 4)).size).toBe(1);
      const csv = `source,target,speaker\n${lines.map(({ text, speaker }) => `${text},t,${speaker}\n`).join("")}`;
      const pairs = await open(csv, split, "p.csv", { type: "pairs" });
      expect(pairs.test).toEqual(held);
      const json = jsonl(lines.map(({ text, speaker }) => ({ source: text, target: "t", speaker })));
      expect((await open(json, split, "p.jsonl", { type: "pairs" })).test).toEqual(held);
    }
  });

  test.each<[object, string]>([
    [{ folds: 4, group: "speker" }, '/data/split/group s.jsonl:1: The line has no column "speker".'],
    [{ folds: 4, fold: 5 }, "/data/split/fold There is no fold 5 of 4."],
    [{ fold: 2 }, "/data/split/fold Only a split with folds has a fold."],
    [{ group: "speaker", by: "column" }, "/data/split/group The column defines the splits, not groups."],
    [{ folds: 4, test: 0.1 }, "/data/split/test One fold is the test split."],
    [{ folds: 4, train: 0.5 }, "/data/split/train The folds that are not for the test are for training."],
    [{ folds: 4, by: "column" }, "/data/split/folds The column defines the splits, not folds."],
    [{ folds: 4, group: "speaker", stratify: true }, "/data/split/stratify Folds of groups cannot have"],
  ])("%j is refused", async (split, problem) => {
    expect((await open(jsonl(lines), split)).problems?.[0]).toContain(problem);
  });
});

describe("a sweep", () => {
  test("has each combination in every fold, and ranks their means", () => {
    expect(inFolds([{ a: 1 }, { a: 2 }], 2)).toEqual([
      { a: 1, "data.split.fold": 1 },
      { a: 1, "data.split.fold": 2 },
      { a: 2, "data.split.fold": 1 },
      { a: 2, "data.split.fold": 2 },
    ]);
    const recorded = (a: number, number: number, value: number | null): TrialRecord => ({
      trial: 1,
      values: { a, "data.split.fold": number },
      state: value === null ? "failed" : "done",
      step: 1,
      steps: 1,
      value,
      intermediate_values: [],
      message: "",
    });
    const records = [
      recorded(1, 1, 2),
      recorded(1, 2, 4),
      recorded(2, 1, 1),
      recorded(2, 2, null),
      recorded(3, 1, null),
    ];
    expect(summarizeFolds(records, "max")).toEqual([
      { values: { a: 1 }, folds: 2, mean: 3, deviation: Math.SQRT2 },
      { values: { a: 2 }, folds: 1, mean: 1, deviation: null },
      { values: { a: 3 }, folds: 0, mean: null, deviation: null },
    ]);
    expect(summarizeFolds(records, "min").map(({ values }) => values)).toEqual([{ a: 2 }, { a: 1 }, { a: 3 }]);
  });

  test("without values trains the folds; train --fold trains one, and both have the same metric", async () => {
    const folder = temporaryFolder();
    const data = { type: "sequences", file: "s.jsonl", split: { folds: 3 } };
    const optimizer = { type: "sgd", learning_rate: 0.1 };
    const spec = { name: "f", data, model, loss: { type: "cross_entropy" }, optimizer, train: { steps: 3 } };
    writeFileSync(join(folder, "s.jsonl"), jsonl(lines));
    writeFileSync(join(folder, "s.json"), JSON.stringify(spec));
    const [file, out] = [join(folder, "s.json"), join(folder, "sweep")];
    const swept = await rnnx("sweep", file, "--json", "--jobs", "1", "--out", out);
    expect(swept.code).toBe(0);
    const result = JSON.parse(swept.stdout.trim().split("\n").at(-1) ?? "");
    expect(result.folds).toEqual([{ values: {}, folds: 3, mean: expect.any(Number), deviation: expect.any(Number) }]);
    expect(result.trials).toHaveLength(3);
    const trained = await rnnx("train", file, "--fold", "2", "--out", join(folder, "run"));
    expect(trained.code).toBe(0);
    const { done } = JSON.parse(readFileSync(join(folder, "run", "result.json"), "utf8"));
    expect(done.metrics.test.loss).toBe(result.trials[1].value);
    const pruned = await rnnx("sweep", file, "--pruner", "median", "--out", join(folder, "other"));
    expect([pruned.code, existsSync(join(folder, "other"))]).toEqual([2, false]);
    writeFileSync(file, JSON.stringify({ ...spec, data: { ...data, split: {} } }));
    expect(await rnnx("train", file, "--fold", "1", "--out", join(folder, "no"))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--fold needs a split in folds"),
    });
  });
});
