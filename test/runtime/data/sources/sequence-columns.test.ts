/** Columns of sequences: by name, by number and without a header, in training and in prediction. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inferSignature } from "../../../../runtime/data/data-signature.js";
import { openData } from "../../../../runtime/data/index.js";
import type { NormalSequencesData } from "../../../../schema/normal/index.js";
import {
  crossEntropy,
  lastModel,
  lastTokensModel,
  sequencesData,
  specOf,
  tokensModel,
} from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

type Columns = Partial<NormalSequencesData["columns"]>;

async function opened(
  file: string,
  content: string,
  columns: Columns,
  header = true,
  model: typeof tokensModel = lastTokensModel,
) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, file), content);
  const data = { ...sequencesData, file, header, columns: { ...sequencesData.columns, ...columns } };
  const spec = specOf({ model, loss: crossEntropy, data });
  return { read: await openData(spec, folder), inferred: await inferSignature(spec, folder) };
}

async function firstProblem(...request: Parameters<typeof opened>) {
  const { read } = await opened(...request);
  if (read.ok) throw new Error("The data has no problem.");
  return read.error[0];
}

async function tokensAndTargets(...request: Parameters<typeof opened>) {
  const { read } = await opened(...request);
  if (!read.ok) throw new Error(read.error.map(({ message }) => message).join("\n"));
  const { metadata } = read.value;
  const names = metadata.type === "sequences" ? (metadata.vocabulary ?? []) : [];
  const arrays = read.value.batch([0, 1]);
  const numbersOf = (name: string) => Array.from<number | bigint>(arrays.get(name)?.data ?? []).map(Number);
  return { words: numbersOf("inputs").map((id) => names[id]), targets: numbersOf("targets") };
}

const csv = 'id,review,sentiment\n1,"good film",pos\n2,bad film,neg\n';
const expected = { words: ["good", "film", "bad", "film"], targets: [1, 0] };

test.each([
  ["names in CSV", "s.csv", csv, { text: "review", label: "sentiment" }],
  ["numbers in CSV", "s.csv", csv, { text: 2, label: 3 }],
  ["names in TSV", "s.tsv", csv.replaceAll(",", "\t"), { text: "review", label: "sentiment" }],
  [
    "keys of JSON",
    "s.jsonl",
    '{"review":"good film","sentiment":"pos"}\n{"review":"bad film","sentiment":"neg"}\n',
    { text: "review", label: "sentiment" },
  ],
  ["tokens in place of text", "s.csv", csv, { tokens: "review", label: "sentiment" }],
  ["the name of another role", "s.csv", "label,tags\ngood film,pos\nbad film,neg\n", { text: "label", label: "tags" }],
] as const)("%s", async (_, file, content, columns) => {
  expect(await tokensAndTargets(file, content, columns)).toEqual(expected);
});

test("numbers choose columns of a file without a header", async () => {
  const rows = csv.slice(csv.indexOf("\n") + 1);
  expect(await tokensAndTargets("s.csv", rows, { text: 2, label: 3 }, false)).toEqual(expected);
});

test("tags and vectors by name", async () => {
  const tagged = await tokensAndTargets(
    "s.csv",
    "x,y\ngood film,A B\nbad film,B B\n",
    { tokens: "x", tags: "y" },
    true,
    tokensModel,
  );
  expect(tagged).toEqual({ words: expected.words, targets: [0, 1, 1, 1] });
  const content = '{"frames":[[1],[2]],"kind":"a"}\n{"frames":[[3],[4]],"kind":"b"}\n';
  const { read } = await opened("s.jsonl", content, { inputs: "frames", label: "kind" }, true, lastModel);
  expect(read.ok && read.value.batch([1]).get("inputs")?.data).toEqual(Float32Array.of(3, 4));
});

test("an unknown column lists the columns, with the most similar one", async () => {
  expect(await firstProblem("s.csv", csv, { text: "reviews", label: "sentiment" })).toEqual({
    code: "column-missing",
    path: "/data/columns/text",
    file: "s.csv",
    line: 1,
    message: '"s.csv" has no column "reviews".',
    hint: 'Did you mean "review"? 3 columns: id, review, sentiment.',
  });
  expect(await firstProblem("s.csv", csv, { text: 9, label: "sentiment" })).toMatchObject({
    message: '"s.csv" has no column 9.',
    hint: "3 columns: id, review, sentiment.",
  });
  const json = '{"review":"good","sentiment":"pos"}\n';
  expect(await firstProblem("s.jsonl", json, { text: "review", label: "sentment" })).toMatchObject({
    path: "/data/columns/label",
    message: 's.jsonl:1: The line has no label "sentment".',
    hint: 'Did you mean "sentiment"? Its keys are review, sentiment.',
  });
  expect(await firstProblem("s.csv", "a,a\nx,y\n", { text: "a", label: 2 })).toMatchObject({
    message: '"s.csv" has more than one column "a".',
    hint: "Name the column by its number: 1 or 2.",
  });
  expect(await firstProblem("s.csv", csv, { text: "review", label: 2 })).toMatchObject({
    message: 'The column "review" of "s.csv" is both the steps and the targets.',
  });
});

test.each<readonly [string, Columns, boolean, string]>([
  ["s.csv", { text: "a", tokens: "b" }, true, "data.columns has text and tokens, but a file has one kind of steps."],
  ["s.csv", { label: "a", tags: "b" }, true, "data.columns has label and tags, but a file has one kind of targets."],
  ["s.csv", { text: "a", label: "a" }, true, 'data.columns has the column "a" twice.'],
  ["s.csv", { inputs: "a" }, true, "Vectors cannot be in a CSV file."],
  ["s.csv", { text: "a", label: 2 }, false, "A file without a header has no names of columns."],
  ["s.jsonl", { text: 1 }, true, "Column 1 has no meaning in lines of JSON, whose keys have names."],
  ["s.jsonl", {}, false, "Only .csv and .tsv files have a header."],
  ["s.ts", { label: "a" }, true, "A .ts file has no columns: its values are inputs, its labels label."],
])("%s with %j is refused without the file too", async (file, columns, header, message) => {
  const { read, inferred } = await opened(file, "x\n", columns, header);
  expect(read).toMatchObject({ ok: false, error: [{ message }] });
  expect(inferred).toMatchObject({ ok: false, error: [{ message, hint: expect.stringMatching(/\.$/) }] });
});

test("rows of a table without a text are left out and counted", async () => {
  const gaps = 'review,sentiment\ngood film,pos\n,neg\nbad film,neg\n"",pos\n';
  const { read } = await opened("s.csv", gaps, { text: "review", label: "sentiment" });
  if (!read.ok) throw new Error(read.error[0]?.message);
  expect(read.value.splits.train).toHaveLength(2);
  expect(read.value.notices).toContain(
    "2 rows have no text, and are left out of training and evaluation: the first is s.csv:3.",
  );
  expect(
    await firstProblem("s.csv", "review,sentiment\n,pos\n,neg\n", { text: "review", label: "sentiment" }),
  ).toMatchObject({ line: 2, message: "s.csv:2: No row has a text." });
});
