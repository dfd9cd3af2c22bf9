/** Columns of text in tables: tokens by the vocabulary of the training rows, lengths, predictions and exports. */
import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { idNamesFor } from "../../../../runtime/data/metadata.js";
import { exportModel } from "../../../../runtime/export/index.js";
import { predictRun } from "../../../../runtime/predict/predict-run.js";
import { readSpec } from "../../../../schema/read.js";
import { expectCsharpPrints } from "../../../support/csharp.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

const root = join(import.meta.dirname, "../../../..");
const csv = `area,city,note,price
50,Bonn,"A bright flat, near the park.",100
60,Ulm,A dark flat.,90
70,Bonn,,110
80,Ulm,Bright and large: near the lake!,150
90,Bonn,A castle,900
`;
const note = { type: "text", normalization: { lowercase: true, punctuation: "drop" } };
const spec = (kind: object, model?: readonly object[], others: object = { area: "number", city: "category" }) => ({
  name: "flats",
  seed: 1,
  data: {
    type: "table",
    file: "flats.csv",
    columns: { ...others, note: kind },
    target: ["price"],
    scale: "standard",
    split: { test: 0.2, order: "time" },
  },
  model: model ?? [{ layer: "dense", size: 1 }],
  loss: { type: "squared_error" },
  optimizer: { type: "adam", learning_rate: 0.1 },
  train: { steps: 20, batch_size: 2 },
});

async function open(content: object, files: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries({ "flats.csv": csv, ...files })) writeFileSync(join(folder, name), text);
  const read = await readSpec(JSON.stringify(content), { file: "spec.json", folder });
  if (!read.ok) return { problems: read.diagnostics };
  const opened = await openData(read.spec, folder);
  return opened.ok ? { source: opened.value, problems: [] } : { problems: opened.error };
}

async function sourceOf(...request: Parameters<typeof open>) {
  const { source, problems } = await open(...request);
  if (source === undefined) throw new Error(JSON.stringify(problems));
  return source;
}

async function faultOf(...request: Parameters<typeof open>) {
  const { problems } = await open(...request);
  return problems.map(({ path, message, hint }) => `${path}: ${message} ${hint}`).join("\n");
}

describe("arrays", () => {
  test("the limit of ids of a category is not that of a text, which is the main input only by itself", async () => {
    const withCity = await sourceOf(spec(note, undefined, { city: "category" }));
    expect(withCity.findOutOfRange("inputs", 4, "")).toBeUndefined();
    expect(withCity.findOutOfRange("note", 4, "")?.message).toBe('Column "note" has the token 4, "near".');
    const alone = await sourceOf(spec(note, undefined, {}));
    expect(alone.findOutOfRange("inputs", 4, "")?.message).toBe('Column "note" has the token 4, "near".');
  });

  test("ids are padded to the longest text of a batch, next to numbers and categories", async () => {
    const { batch, signature, metadata } = await sourceOf(spec(note));
    // Words of the first four rows by first appearance, after the unknown one.
    const words = ["<unknown>", "a", "bright", "flat", "near", "the", "park", "dark", "and", "large", "lake"];
    expect(idNamesFor("note", metadata)).toEqual({ names: words, unit: "word" });
    const arrays = batch([0, 1, 2, 4]);
    expect([...arrays.keys()]).toEqual(["inputs", "city", "note", "note.lengths", "targets"]);
    expect(arrays.get("note")).toEqual({
      dtype: "int32",
      shape: [4, 6],
      // An empty text is one unknown word, as is the castle of the test split.
      data: Int32Array.of(1, 2, 3, 4, 5, 6, 1, 7, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0),
    });
    expect(arrays.get("note.lengths")?.data).toEqual(BigInt64Array.of(6n, 3n, 1n, 2n));
    expect(batch([1]).get("note")?.shape).toEqual([1, 3]);
    const { side_inputs, side_lengths, sizes } = signature({ batch_size: 2 } as never);
    expect(side_inputs?.note?.shape).toEqual(["batch", "note_time"]);
    expect(Object.keys(side_lengths ?? {})).toEqual(["note"]);
    expect(sizes["vocabulary/note"]).toBe(11);
  });

  test("a table of texts alone has them as its main input", async () => {
    const source = await sourceOf(spec(note, undefined, {}));
    expect([...source.batch([0, 1]).keys()]).toEqual(["inputs", "lengths", "targets"]);
    const { main_input, inputs } = source.signature({ batch_size: 2 } as never);
    expect([main_input, inputs.shape]).toEqual(["note", ["batch", "time"]]);
  });

  test("max_length, min_count and a vocabulary in a file limit the tokens", async () => {
    const short = await sourceOf(spec({ ...note, max_length: 2 }));
    expect(short.batch([0]).get("note")?.shape).toEqual([1, 2]);
    const frequent = await sourceOf(spec({ ...note, vocabulary: { min_count: 2 } }));
    expect(idNamesFor("note", frequent.metadata)?.names).toEqual(["<unknown>", "a", "bright", "flat", "near", "the"]);
    const listed = await sourceOf(spec({ ...note, vocabulary: { file: "words.txt" } }), {
      "words.txt": "lake\npark\n",
    });
    expect(listed.batch([0]).get("note")?.data).toEqual(Int32Array.of(0, 0, 0, 0, 0, 2));
    expect(listed.notices?.join()).toContain('"words.txt" has 2 of the');
  });

  test("an empty text is the unknown token of a WordPiece model", async () => {
    const file = readFileSync(join(root, "test/fixtures/subword-tokenizers.json"), "utf8");
    const { tokenizer } = JSON.parse(file).cases.bert_uncased;
    const kind = { type: "text", unit: "bpe", tokenizer: "bert.json" };
    const source = await sourceOf(spec(kind), { "bert.json": JSON.stringify(tokenizer) });
    const batch = source.batch([2]);
    expect(Array.from(batch.get("note.lengths")?.data ?? [], Number)).toEqual([1]);
    expect(Number(batch.get("note")?.data[0])).toBe(tokenizer.model.vocab["[UNK]"]);
  });

  test("characters, and bytes that are merged", async () => {
    const characters = await sourceOf(spec({ ...note, unit: "char" }));
    expect(characters.batch([4]).get("note.lengths")?.data).toEqual(BigInt64Array.of(8n));
    const tokens = await sourceOf(spec({ type: "text", unit: "bpe", vocabulary: { size: 260 } }));
    const [names, ids] = [idNamesFor("note", tokens.metadata)?.names ?? [], tokens.batch([2]).get("note")?.data ?? []];
    expect(names.length).toBe(260);
    // An empty text is a space.
    expect([...ids].map((id) => names[Number(id)])).toEqual(["Ġ"]);
  });
});

describe("refused", () => {
  test("a window of texts", async () => {
    const content = spec(note, [
      { layer: "pool", mode: "last" },
      { layer: "dense", size: 1 },
    ]);
    expect(await faultOf({ ...content, data: { ...content.data, window: 2 } })).toContain(
      '/data/columns/note: A column of text needs single rows, without a window. Remove "window", or the column.',
    );
  });

  test("keys of its units that do not go together", async () => {
    expect(await faultOf(spec({ ...note, tokenizer: "tokenizer.json" }))).toContain(
      '/data/columns/note/tokenizer: Only tokens of byte-pair encoding have a tokenizer. Set "unit": "bpe", or remove data.columns.note.tokenizer.',
    );
    expect(await faultOf(spec({ ...note, vocabulary: { min_count: 50 } }))).toContain(
      "/data/columns/note/vocabulary/min_count: The vocabulary has only the unknown token",
    );
    expect(await faultOf(spec({ ...note, vocabulary: { file: "absent.txt" } }))).toContain(
      "/data/columns/note/vocabulary/file",
    );
  });

  test("a text as a number to predict", async () => {
    const content = spec(note);
    expect(
      await faultOf({ ...content, data: { ...content.data, target: ["note"], columns: { area: "number", note } } }),
    ).toBe(
      '/data/target: Column "note" of "flats.csv" has the kind text, but squared_error needs numbers as targets. For classes use cross_entropy.',
    );
  });
});

const branch = [
  { layer: "embedding", from: "note", size: 4 },
  { layer: "conv1d", size: 4, kernel_size: 3, padding: "same" },
  { layer: "pool", mode: "max", name: "vector" },
  { layer: "concat", from: ["inputs", "vector"] },
  { layer: "dense", size: 1 },
];

describe.each([
  ["mean", { ...note, encode: "mean" }, undefined],
  ["gru", { ...note, encode: "gru", size: 6 }, undefined],
  ["none, with layers of the model's own", { ...note, encode: "none" }, branch],
])("encode %s", (_, kind, model) => {
  test("predictions do not depend on the other rows of a batch, and exports and programs have them", async () => {
    const { out, folder } = await trainSpec(spec(kind, model), { "flats.csv": csv });
    const predict = async (lines: readonly string[]) => {
      writeFileSync(join(folder, "new.csv"), ["area,city,note", ...lines, ""].join("\n"));
      const outcome = await predictRun({ run: out, input: "new.csv", output: null, folder, beam: null, device: "cpu" });
      if (!outcome.ok) throw new Error(JSON.stringify(outcome));
      return outcome.value;
    };
    const lines = ["50,Bonn,A bright flat near the park by the lake", "60,Ulm,dark", "70,Bonn,"];
    const together = await predict(lines);
    const alone: number[] = [];
    for (const line of lines) alone.push(Number((await predict([line])).predictions[0]?.price));
    for (const [row, price] of alone.entries()) expect(price).toBeCloseTo(Number(together.predictions[row]?.price), 2);
    expect(new Set(alone.map((price) => price.toFixed(1))).size).toBe(3);
    expect(together.notices.join()).toContain(
      'Column "note": 1 word is not in the vocabulary and is read as unknown: "by".',
    );

    const exported = await exportModel({ run: out, out: join(folder, "flats.onnx"), form: "sequence", snippets: true });
    if (!exported.ok) throw new Error(JSON.stringify(exported));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const { stdout } = spawnSync(process.execPath, [join(folder, "flats.use.mjs")], { encoding: "utf8" });
    // The program reads typical numbers and the first category with words of the vocabulary.
    const [, area] = /fill\(\[([\d.]+)\]\)/.exec(readFileSync(join(folder, "flats.use.mjs"), "utf8")) ?? [];
    const [expected] = (await predict([`${area},Bonn,a bright flat near the park`])).predictions;
    expect(Number(stdout.replace("price: ", ""))).toBeCloseTo(Number(expected?.price), 2);
    expectCsharpPrints(join(folder, "flats.use.cs"), stdout);
    const ran = spawnSync("python3", [join(folder, "flats.use.py")], { encoding: "utf8" });
    // Python may lack the packages.
    if (ran.status === 0) expect(Number(/[-\d.]+(?=\})/.exec(ran.stdout)?.[0])).toBeCloseTo(Number(expected?.price), 2);
  });
});
