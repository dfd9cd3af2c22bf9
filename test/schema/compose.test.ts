/** Specs that extend others, and variables: the values that follow, and the positions of mistakes. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { frame } from "../../schema/diagnostics/code-frame.js";
import type { Override } from "../../schema/parse/overrides.js";
import { readSpecFile } from "../../schema/read.js";
import { base, lines } from "../support/read-spec.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const data = { type: "text", file: "corpus.txt", window: 6 };

/** The files in a folder, and the first of them as a spec: its value before normalization, or its problems. */
async function compose(files: Readonly<Record<string, object | string>>, overrides: readonly Override[] = []) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  const [first = ""] = Object.keys(files);
  const result = await readSpecFile(join(folder, first), { overrides });
  if (result.ok) return { value: result.document.value, spec: result.spec };
  const problems = result.diagnostics.map((diagnostic) => {
    const file = diagnostic.file === undefined ? "" : `${relative(folder, diagnostic.file)}:`;
    return `${file}${lines([diagnostic])[0]?.replaceAll(`${folder}/`, "")}`;
  });
  return { problems, result, folder };
}

const set = (path: string, value: string): Override => ({ path, value, flag: `--set ${path}=${value}` });

test("objects are merged, lists and values replaced, in the order of the files", async () => {
  const { value, spec } = await compose({
    "spec.json": { extends: ["one.json", "two.json"], data: { window: 4 }, optimizer: { learning_rate: 0.5 } },
    "one.json": { ...base, name: "one", seed: 1, train: { steps: 5, batch_size: 2 } },
    "two.json": { seed: 2, model: [{ layer: "one_hot" }], train: { steps: 7 } },
  });
  expect(value).toEqual({
    ...base,
    seed: 2,
    data: { ...base.data, window: 4 },
    model: [{ layer: "one_hot" }],
    optimizer: { type: "adam", learning_rate: 0.5 },
    train: { steps: 7, batch_size: 2 },
  });
  expect(spec?.name).toBe("spec");
});

test("an object of another kind, and a key that excludes another, replace the inherited ones", async () => {
  const losses = [{ ...base.loss, from: "rnn" }];
  const { value, problems } = await compose({
    "spec.json": { extends: "base.json", optimizer: { type: "sgd", learning_rate: 0.1 }, train: { epochs: 2 }, losses },
    "base.json": { ...base, optimizer: { type: "adam", beta1: 0.5 }, train: { steps: 5 } },
  });
  const { loss: _, ...rest } = base;
  expect(problems ?? value).toEqual({
    ...rest,
    optimizer: { type: "sgd", learning_rate: 0.1 },
    train: { epochs: 2 },
    losses,
  });
});

test("file names are relative to the file that has them, through several files", async () => {
  const { value } = await compose({
    "spec.json": { extends: "a/b/middle.json" },
    "a/b/middle.json": { extends: "../base.json", data: { split: { order: "time" } } },
    "a/base.json": { ...base, data },
  });
  expect(value).toMatchObject({ data: { file: "a/corpus.txt", split: { order: "time" } } });
  const arrays = await compose({
    "spec.json": { extends: "a/base.json" },
    "a/base.json": { ...base, data: { type: "arrays", inputs: { x: "x.npy", y: [[1]] }, targets: "/t.npz#y" } },
  });
  expect(arrays.problems ?? arrays.value).toMatchObject({
    data: { inputs: { x: "a/x.npy", y: [[1]] }, targets: "/t.npz#y" },
  });
});

test("a mistake has the position in its own file, with the lines around it", async () => {
  const {
    problems,
    result,
    folder = "",
  } = await compose({
    "spec.json": { extends: "base.json", train: { stepz: 3 } },
    "base.json":
      `{\n  "data": { "type": "text", "text": "a", "windo": 6 },\n  "model": [],\n${JSON.stringify(base).slice(1)}`.replace(
        `"data":${JSON.stringify(base.data)},"model":${JSON.stringify(base.model)},`,
        "",
      ),
  });
  expect(problems).toEqual([
    '1:33 unknown-key /train/stepz | Unknown key "stepz" in the training settings. | Did you mean "steps"?',
    'base.json:2:42 unknown-key /data/windo | Unknown key "windo" in the text data. | Did you mean "window"?',
    'base.json:3:12 wrong-value /model | "model" must be a list of 1 to 1000 entries, but is an empty list.',
  ]);
  if (result === undefined) return;
  const text = await frame(result.diagnostics, result.document);
  expect(text.replaceAll(`${folder}/`, "")).toContain(
    'error[unknown-key] base.json:2:42 /data/windo\n  Unknown key "windo" in the text data.\n  1 | {\n> 2 |',
  );
});

test("files that cannot be extended are refused where they are named", async () => {
  const problems = async (files: Readonly<Record<string, object | string>>) => (await compose(files)).problems;
  expect(await problems({ "spec.json": { extends: "bas.json" }, "base.json": base })).toEqual([
    '1:12 file-missing /extends | "bas.json" does not exist. | Did you mean "base.json"?',
  ]);
  expect(
    await problems({ "a.json": { extends: "b.json" }, "b.json": { extends: ["c.json", "a.json"] }, "c.json": {} }),
  ).toEqual(['b.json:1:22 extends-cycle /extends/1 | "a.json" extends this file in turn. | Remove one of the two.']);
  expect(await problems({ "spec.json": { extends: "base.json" }, "base.json": "{\n,}" })).toEqual([
    expect.stringMatching(/^base\.json:2:1 syntax \| /),
  ]);
  expect(await problems({ "spec.json": { extends: "base.json" }, "base.json": "[]" })).toEqual([
    '1:12 extends-not-a-spec /extends | "base.json" is not a JSON object. | A spec is a JSON object: { … }.',
  ]);
  expect(await problems({ "spec.json": { ...base, extends: 3 } })).toEqual([
    expect.stringMatching(
      /wrong-type \/extends \| "extends" must be a non-empty string or a list|wrong-type \/extends/,
    ),
  ]);
});

/** A variable in a text. */
const use = (name: string) => `$\{${name}}`;

test("variables are values of any type, in place of a value or in a text", async () => {
  const { value } = await compose({
    "spec.json": {
      ...base,
      name: `${use("cell")}-of-${use("width")}`,
      variables: { width: 5, cell: "gru" },
      model: [{ layer: "one_hot" }, { layer: "rnn", cell: "$cell", hidden_size: "$width" }],
    },
  });
  expect(value).toMatchObject({ name: "gru-of-5", model: [{}, { cell: "gru", hidden_size: 5 }] });
  const { value: list } = await compose({
    "spec.json": { ...base, variables: { model: base.model }, model: "$model" },
  });
  expect(list).toMatchObject({ model: base.model });
});

test("a spec that extends another, and the command line, change variables", async () => {
  const files = {
    "spec.json": { extends: "base.json", variables: { width: 8 } },
    "base.json": {
      ...base,
      variables: { width: 5, other: 1 },
      model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: "$width" }],
    },
  };
  expect((await compose(files)).value).toMatchObject({ model: [{}, { hidden_size: 8 }] });
  expect((await compose(files, [set("variables.width", "9")])).value).toMatchObject({
    model: [{}, { hidden_size: 9 }],
  });
});

test("dollar signs are text without variables, and doubled with them", async () => {
  const text = { ...base, data: { ...base.data, text: `pay $5 or ${use("x")}` } };
  expect((await compose({ "spec.json": text })).value).toMatchObject({ data: { text: `pay $5 or ${use("x")}` } });
  const doubled = {
    ...base,
    variables: { x: 6 },
    data: { ...base.data, text: `pay $5 or $${use("x")}`, window: "$x" },
  };
  expect((await compose({ "spec.json": doubled })).value).toMatchObject({
    data: { text: `pay $5 or ${use("x")}`, window: 6 },
  });
  const whole = { ...base, variables: { x: 6 }, data: { ...base.data, text: "$$x", window: "$x" } };
  expect((await compose({ "spec.json": whole })).value).toMatchObject({ data: { text: "$x" } });
});

test("mistakes with variables", async () => {
  const problems = async (spec: object, overrides: readonly Override[] = []) =>
    (await compose({ "spec.json": { ...base, ...spec } }, overrides)).problems;
  expect(await problems({ variables: { width: 5 }, train: { steps: "$widht" }, seed: "$width" })).toEqual([
    expect.stringMatching(
      /unknown-variable \/train\/steps \| The spec has no variable "widht"\. \| Did you mean "width"\? Add it to/,
    ),
  ]);
  expect(await problems({ variables: { width: 5 } })).toEqual([
    expect.stringMatching(/unused-variable \/variables\/width \| No value of the spec is the variable "width"/),
  ]);
  expect(await problems({ variables: { width: 5.5 }, seed: "$width" })).toEqual([
    expect.stringMatching(/wrong-type \/seed \| "seed" must be an integer.*, but is 5\.5 \("\$width" is 5\.5\)\./),
  ]);
  expect(await problems({ variables: { width: [5] }, name: `n${use("width")}` })).toContainEqual(
    expect.stringMatching(/variable-in-text \/name \| "width" is not a text or a number\. \| Write "\$width"/),
  );
  expect(await problems({ seed: 1 }, [set("variables.width", "9")])).toEqual([
    expect.stringMatching(/unused-variable .*"width".*\(set by --set variables\.width=9\)/),
  ]);
});
