/** Tables of texts whose fields are separated by another delimiter than a comma, in training and in predictions. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { readSpec } from "../../../../schema/read.js";
import { jsonl, predictTo } from "../../../support/predict-file.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

const classifier = {
  model: [
    { layer: "embedding", size: 3 },
    { layer: "rnn", cell: "gru", hidden_size: 3, return: "last" },
    { layer: "dense", size: "classes" },
  ],
  loss: { type: "cross_entropy" },
  train: { steps: 2 },
};
const translator = {
  model: [
    { layer: "embedding", size: 3 },
    { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 3 },
    { layer: "embedding", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 3 },
    { layer: "rnn", cell: "gru", hidden_size: 3, initial_state: "encoder" },
    { layer: "projection", size: "target_vocabulary" },
  ],
  loss: { type: "sequence_loss" },
  train: { steps: 2 },
};

/** The first inputs as words, and the notices; or the problems. */
async function read(content: string, data: { readonly type: string } & Readonly<Record<string, unknown>>) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), content);
  const model = data.type === "pairs" ? translator : classifier;
  const optimizer = { type: "sgd", learning_rate: 0.1 };
  const text = JSON.stringify({ name: "t", data: { file: "t.csv", ...data }, optimizer, ...model });
  const spec = await readSpec(text, { folder });
  if (!spec.ok) return { problems: spec.diagnostics.map(({ message, hint }) => `${message} ${hint}`) };
  const opened = await openData(spec.spec, folder);
  if (!opened.ok) return { problems: opened.error.map(({ message, hint }) => `${message} ${hint}`) };
  const { metadata, notices, batch } = opened.value;
  const isText = metadata.type === "sequences" || metadata.type === "pairs";
  const words = isText ? (metadata.vocabulary ?? []) : [];
  const ids = Array.from<number | bigint>(batch([0]).get("inputs")?.data ?? []);
  return { words: ids.map((id) => words[Number(id)]), notices: notices ?? [] };
}

const semicolons = "id;review;sentiment\n1;Schön, sehr warm;gut\n2;Na ja;schlecht\n";
const columns = { text: "review", label: "sentiment" };

test.each([
  ["semicolons", semicolons, ";"],
  ["quoted fields", semicolons.replace(/[^;\n]+/g, '"$&"'), ";"],
  ["bars", semicolons.replaceAll(";", "|"), "|"],
])("%s of sequences are detected, and named by a notice", async (_, content, delimiter) => {
  expect(await read(content, { type: "sequences", columns })).toEqual({
    words: ["Schön,", "sehr", "warm"],
    notices: [`The fields of "t.csv" are separated by "${delimiter}".`],
  });
});

test("a delimiter of the spec is used as it is; another one in the file is refused", async () => {
  expect(await read(semicolons, { type: "sequences", columns, delimiter: ";" })).toEqual({
    words: ["Schön,", "sehr", "warm"],
    notices: [],
  });
  expect(await read(semicolons, { type: "sequences", columns, delimiter: "|" })).toEqual({
    problems: ['t.csv:2: The fields seem to be separated by ";", not by "|". Set data.delimiter to ";".'],
  });
});

test("fields with semicolons in a file of commas are texts", async () => {
  const content = 'review,sentiment\n"warm; funny",gut\n"dull; long",schlecht\n';
  expect(await read(content, { type: "sequences", columns })).toEqual({ words: ["warm;", "funny"], notices: [] });
});

test("pairs with semicolons", async () => {
  const content = "en;de\ngood day, sir;guten Tag\nyes;ja\n";
  const pairColumns = { source: "en", target: "de" };
  const words = ["good", "day,", "sir"];
  expect(await read(content, { type: "pairs", columns: pairColumns })).toEqual({
    words,
    notices: ['The fields of "t.csv" are separated by ";".'],
  });
  expect(await read(content, { type: "pairs", columns: pairColumns, delimiter: ";" })).toEqual({ words, notices: [] });
  const plain = content.slice(content.indexOf("\n") + 1);
  expect(await read(plain, { type: "pairs", header: false, delimiter: ";" })).toEqual({ words, notices: [] });
});

test.each([
  ["sequences", "Only .csv and .tsv files have a delimiter. Remove data.delimiter."],
  ["pairs", "Only a file with columns has a delimiter. Remove data.delimiter."],
])("lines of JSON of %s have no delimiter", async (type, problem) => {
  expect(await read("{}\n", { type, file: "t.jsonl", delimiter: ";" })).toEqual({ problems: [problem] });
});

test("predictions are named like the column of the labels, also of a file of semicolons", async () => {
  const lines = [
    { review: "warm und gut", sentiment: "gut" },
    { review: "lang und kalt", sentiment: "schlecht" },
  ];
  const { out } = await trainSpec(
    { ...classifier, data: { type: "sequences", file: "s.jsonl", columns } },
    {
      "s.jsonl": jsonl(lines),
    },
  );
  const input = "nr;review;sentiment\n7;warm, aber kalt;gut\n";
  const { text } = await predictTo(out, "in.csv", input, "csv");
  expect(text.toString("utf8").split("\n")[0]).toBe(
    "line,nr,review,sentiment (input),sentiment,probability,probabilities.gut,probabilities.schlecht",
  );
});

test("decoded targets are named like their column", async () => {
  const data = { type: "pairs", file: "p.csv", columns: { source: "en", target: "de" } };
  const { out } = await trainSpec({ ...translator, data }, { "p.csv": "en;de\ngood day;guten Tag\nyes;ja\n" });
  const { text } = await predictTo(out, "in.csv", "en;nr\nyes, day;1\n", "jsonl");
  expect(JSON.parse(text.toString("utf8"))).toMatchObject({ line: 2, en: "yes, day", nr: "1", de: expect.anything() });
});
