/** Columns of pairs: CSV and TSV files with and without a header, and keys of lines of JSON. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { usesOf } from "../../../../runtime/data/source.js";
import { readPairs } from "../../../../runtime/data/sources/pairs-file.js";
import { readSpec } from "../../../../schema/read.js";
import { crossEntropy, specOf, tokensModel } from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

/** Reads a file by the keys of a spec's data. */
async function read(file: string, content: string, keys: object = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, file), content);
  const text = JSON.stringify({
    name: "pairs",
    data: { type: "pairs", file, ...keys },
    model: [{ layer: "embedding", size: 2 }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
    train: { steps: 1 },
  });
  const spec = await readSpec(text, { folder });
  if (!spec.ok || spec.spec.data.type !== "pairs") throw new Error(JSON.stringify(spec));
  return readPairs(spec.spec.data, folder, usesOf(specOf({ model: tokensModel, loss: crossEntropy })));
}

const expected = [
  { source: "good, day", target: "guten tag" },
  { source: "yes", target: "ja" },
];

test.each<readonly [string, string, string, object | undefined]>([
  ["CSV with the usual names", "p.csv", 'id,target,source\n1,guten tag,"good, day"\n2,ja,yes\n', undefined],
  [
    "CSV by name",
    "p.csv",
    'en,id,de\n"good, day",1,guten tag\nyes,2,ja\n',
    { columns: { source: "en", target: "de" } },
  ],
  ["TSV by name", "p.tsv", "de\ten\nguten tag\tgood, day\nja\tyes\n", { columns: { source: "en", target: "de" } }],
  [
    "TSV by number with a header",
    "p.tsv",
    "de\ten\nguten tag\tgood, day\nja\tyes\n",
    { columns: { source: 2, target: 1 } },
  ],
  [
    "TSV by number without a header",
    "p.tsv",
    "guten tag\tgood, day\nja\tyes\n",
    { columns: { source: 2, target: 1 }, header: false },
  ],
  ["text without columns", "p.txt", "good, day\tguten tag\nyes\tja\n", undefined],
  ["two columns of a header, by place", "p.tsv", "en\tde\ngood, day\tguten tag\nyes\tja\n", { header: true }],
  [
    "keys of JSON",
    "p.jsonl",
    '{"en":"good, day","de":"guten tag"}\n{"en":"yes","de":"ja"}\n',
    { columns: { source: "en", target: "de" } },
  ],
])("%s", async (_, file, content, keys = {}) => {
  const result = await read(file, content, keys);
  if (!result.ok) throw new Error(result.error[0]?.message);
  expect(result.value.pairs.map(({ source, target }) => ({ source, target }))).toEqual(expected);
});

test("columns that are chosen by their place are stated", async () => {
  expect(await read("p.csv", "en,de\nyes,ja\n")).toMatchObject({
    value: { notices: ['The source is the column "en", the target "de".'] },
  });
  expect(await read("p.csv", "source,target\nyes,ja\n")).toMatchObject({ value: { notices: [] } });
});

test("an unknown column lists the columns, with the most similar one", async () => {
  expect(
    await read("p.csv", "english,german\nyes,ja\n", { columns: { source: "englisch", target: "german" } }),
  ).toMatchObject({
    error: [
      {
        code: "column-missing",
        path: "/data/columns/source",
        file: "p.csv",
        line: 1,
        message: '"p.csv" has no column "englisch".',
        hint: 'Did you mean "english"? 2 columns: english, german.',
      },
    ],
  });
  expect(await read("p.csv", "id,en,de\n1,yes,ja\n")).toMatchObject({
    error: [
      { message: '"p.csv" has no column "source".', hint: "3 columns: id, en, de. Name the source in data.columns." },
    ],
  });
  expect(await read("p.jsonl", '{"en":"yes","de":"ja"}\n', { columns: { source: "en", target: "ger" } })).toMatchObject(
    {
      error: [
        {
          path: "/data/columns",
          message: 'p.jsonl:1: The line has no "ger".',
          hint: expect.stringContaining("en, de"),
        },
      ],
    },
  );
});

test.each<readonly [string, object, string]>([
  ["p.csv", { columns: { source: "a", target: "a" } }, 'The column "a" is both the source and the target.'],
  ["p.jsonl", { columns: { source: 1, target: 2 } }, "Column 1 has no meaning in lines of JSON."],
  [
    "p.tsv",
    { columns: { source: "a", target: "b" }, header: false },
    "A file without a header has no names of columns.",
  ],
])("%s with %j is refused", async (file, keys, message) => {
  const result = await read(file, "a\tb\n", keys);
  expect(result).toMatchObject({ ok: false });
  expect(result.ok ? [] : result.error.map((problem) => problem.message)).toContain(message);
});

test("pairs in the spec have no columns", async () => {
  const spec = await readSpec(
    JSON.stringify({
      name: "pairs",
      data: { type: "pairs", pairs: [["a", "b"]], columns: { source: "a" } },
      model: [{ layer: "embedding", size: 2 }],
      loss: { type: "sequence_loss" },
      optimizer: { type: "sgd", learning_rate: 0.1 },
      train: { steps: 1 },
    }),
    { folder: "." },
  );
  if (!spec.ok || spec.spec.data.type !== "pairs") throw new Error("The spec is wrong.");
  const result = await readPairs(spec.spec.data, ".", usesOf(specOf({ model: tokensModel, loss: crossEntropy })));
  expect(result).toMatchObject({ error: [{ message: "Pairs in the spec have no columns." }] });
});
