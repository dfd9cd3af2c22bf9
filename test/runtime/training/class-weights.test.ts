/** Class weights that the data makes lists: the balance of the training split, and weights by class name. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { openData } from "../../../runtime/data/index.js";
import { runFiles } from "../../../runtime/run/layout.js";
import { resolveClassWeights } from "../../../runtime/training/class-weights.js";
import { readSpec } from "../../../schema/read.js";
import { records, rnnx } from "../../support/spawn.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const jsonl = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const embedding = { layer: "embedding", size: 2 };
const rnn = { layer: "rnn", cell: "gru", hidden_size: 2 };
const labels = (class_weights: unknown) => ({
  name: "labels",
  data: { type: "sequences", file: "d.jsonl", split: { train: 0.8, test: 0.2, order: "time" } },
  model: [embedding, { ...rnn, return: "last" }, { layer: "dense", size: "classes" }],
  loss: { type: "cross_entropy", class_weights },
  optimizer: { type: "sgd", learning_rate: 0.1 },
  train: { steps: 4, batch_size: 2 },
});
const lines = jsonl(["ham", "ham", "spam", "ham", "spam"].map((label, index) => ({ text: `w${index} x`, label })));

async function resolved(spec: object, files: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const read = await readSpec(JSON.stringify(spec), { folder });
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  const source = await openData(read.spec, folder);
  if (!source.ok) throw new Error(JSON.stringify(source.error));
  const result = resolveClassWeights(read.spec, source.value);
  if (!result.ok) return { problems: result.error };
  const [loss] = result.value.spec.losses;
  return {
    weights: loss !== undefined && "class_weights" in loss && loss.class_weights,
    notices: result.value.notices,
  };
}

describe("balanced", () => {
  test("labels of the training split: n / (classes · count)", async () => {
    // 3 ham and 1 spam; the last spam is in the test split.
    expect(await resolved(labels("balanced"), { "d.jsonl": lines })).toEqual({
      weights: [4 / (2 * 3), 4 / (2 * 1)],
      notices: ["Balanced weights of the classes: ham: 0.6667 (3 targets), spam: 2 (1 target)."],
    });
  });

  test("tags without padding", async () => {
    const spec = {
      ...labels("balanced"),
      data: { type: "sequences", file: "d.jsonl" },
      model: [embedding, rnn, { layer: "dense", size: "classes" }],
      loss: { type: "sequence_loss", class_weights: "balanced" },
    };
    const tagged = jsonl([
      { text: "a b c", tags: ["n", "n", "v"] },
      { text: "a", tags: ["n"] },
    ]);
    expect((await resolved(spec, { "d.jsonl": tagged })).weights).toEqual([4 / (2 * 3), 4 / (2 * 1)]);
  });

  test("ids with a class that has no target, and rows of probabilities", async () => {
    const arrays = (targets: unknown) => ({
      ...labels("balanced"),
      data: { type: "arrays", inputs: [[1], [2], [3], [4]], targets },
      model: [{ layer: "dense", size: 4 }],
    });
    expect((await resolved(arrays([0, 2, 2, 2]), {})).weights).toEqual([4 / (2 * 1), 1, 4 / (2 * 3), 1]);
    const rows = [
      [1, 0, 0, 0],
      [0.5, 0.5, 0, 0],
      [0, 1, 0, 0],
      [0, 0.5, 0.5, 0],
    ];
    expect((await resolved(arrays(rows), {})).weights).toEqual([4 / (3 * 1.5), 4 / (3 * 2), 4 / (3 * 0.5), 1]);
  });
});

describe("by name", () => {
  test("classes that are left out have the weight 1", async () => {
    expect(await resolved(labels({ spam: 5 }), { "d.jsonl": lines })).toEqual({
      weights: [1, 5],
      notices: ["Weights of the classes: ham: 1, spam: 5."],
    });
  });

  test("an unknown class is refused with the most similar one, at its place", async () => {
    const { problems } = await resolved(labels({ span: 5 }), { "d.jsonl": lines });
    expect(problems).toEqual([
      {
        code: "unknown-class",
        path: "/losses/0/class_weights/span",
        message: '"span" is not a class of the data.',
        hint: 'Did you mean "spam"?',
      },
    ]);
    const folder = temporaryFolder();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "d.jsonl"), lines);
    writeFileSync(join(folder, "s.json"), JSON.stringify(labels({ span: 5 }), undefined, 2));
    for (const command of ["train", "inspect"]) {
      const { code, stdout } = await rnnx(command, join(folder, "s.json"), "--json");
      expect(code).toBe(2);
      const at = { path: "/loss/class_weights/span", line: expect.any(Number) };
      expect(records(stdout).at(-1)).toMatchObject({ diagnostics: [{ code: "unknown-class", ...at }] });
    }
  });
});

test("a run has the list, equals a run with it, and resumes", async () => {
  const { out, done } = await trainSpec(labels("balanced"), { "d.jsonl": lines });
  const recorded = JSON.parse(readFileSync(join(out, runFiles.spec), "utf8"));
  expect(recorded.losses[0].class_weights).toEqual([4 / 6, 2]);
  const listed = await trainSpec(labels([4 / 6, 2]), { "d.jsonl": lines });
  expect(listed.done.loss).toBe(done.loss);
  const folder = temporaryFolder();
  writeFileSync(join(folder, "d.jsonl"), lines);
  writeFileSync(join(folder, "s.json"), JSON.stringify(labels("balanced")));
  const flags = ["train", join(folder, "s.json"), "--out", join(folder, "run"), "--json"];
  expect((await rnnx(...flags, "--steps", "2")).code).toBe(0);
  const resumed = await rnnx(...flags, "--resume");
  expect(records(resumed.stdout).at(-1)).toMatchObject({ event: "done", step: 4, loss: done.loss });
});

test("compiling without the data is refused", async () => {
  const spec = { ...labels("balanced"), data: { type: "sequences", file: "none.jsonl" } };
  const read = await readSpec(JSON.stringify(spec), { folder: "." });
  if (!read.ok) throw new Error("The spec is wrong.");
  const signature = {
    inputs: { dtype: "int32", shape: ["batch", "time"] },
    targets: { dtype: "int32", shape: ["batch"] },
    lengths: { dtype: "int64", shape: ["batch"] },
    sizes: { vocabulary: 3, classes: 2 },
    expected: { batch: 2, time: 2 },
  } as const;
  expect(await compile(read.spec, signature, { origins: read.origins })).toMatchObject({
    ok: false,
    problems: [{ code: "class-weights", path: "/loss/class_weights" }],
  });
});
