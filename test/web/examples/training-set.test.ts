/** Examples entered on a page give the same batches as the same examples in a file. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../runtime/data/index.js";
import { exportWeb } from "../../../runtime/web/export-web.js";
import type { PageManifest } from "../../../runtime/web/page-manifest.js";
import { sampleSounds } from "../../../web/examples/audio.js";
import { readTrainingSet } from "../../../web/examples/index.js";
import { sequenceForm } from "../../../web/examples/sequences.js";
import type { ExampleInput } from "../../../web/examples/training-set.js";
import { pageOf, type SpecExample, specExamples } from "../../support/page-specs.js";

const writtenExamples: Readonly<Record<string, string>> = {
  text: "row, row, row your boat\ngently down the stream\n",
  table: specExamples.table.files["t.csv"],
  sequences: "good morning => greeting\nsee you soon my friend =>farewell\n\ngood evening to you\tgreeting",
  pairs: "one two => 1 2\ntwo => 2\none one two => 1 1 2\n",
  arrays:
    '[{"inputs":[0,0],"targets":0},{"inputs":[0,1],"targets":1},{"inputs":[1,0],"targets":1},{"inputs":[1,1],"targets":0}]',
};

function materialOf(kind: string, page: PageManifest): ExampleInput {
  const { samples } = page;
  if (samples?.type === "audio") return { type: "sounds", sounds: sampleSounds(page) };
  if (samples?.type === "images") return { type: "images", images: samples.images };
  return { type: "text", text: writtenExamples[kind] ?? "" };
}

/** What the weights are does not matter here. */
const untrained = ({ spec, files = {} }: SpecExample): SpecExample => ({
  spec: { ...spec, train: { steps: 1 } },
  files,
});

/** By kind. */
const pages = new Map<string, PageManifest>();

describe.each(Object.entries<SpecExample>(specExamples))("a lesson of %s", (kind, example) => {
  test("equals the batch of the data source", async () => {
    const { spec, folder, page } = await pageOf(untrained(example));
    pages.set(kind, page);
    const read = readTrainingSet(materialOf(kind, page), page);
    const opened = await openData(spec, folder);
    if (!read.ok || !opened.ok) throw new Error(JSON.stringify([read, opened.ok]));
    const lesson = read.value;
    const source = opened.value;
    // Of images the page has six.
    const count = kind === "images" ? 6 : source.examples;
    expect(lesson.examples).toBe(count);
    const indices = Uint32Array.from({ length: count }, (_, index) => index);
    const [pageBatch, dataBatch] = [lesson.batch(indices), source.batch(indices)];
    expect([...pageBatch.keys()].sort()).toEqual([...dataBatch.keys()].sort());
    for (const [name, array] of dataBatch) expect(pageBatch.get(name), name).toEqual(array);
  });
});

describe("examples that cannot be parsed", () => {
  test.each<[keyof typeof specExamples, string, string]>([
    ["text", "row a dinghy", 'Not in the vocabulary of the model: "i".'],
    ["text", "r", "Too short: 1 character."],
    ["sequences", "good morning", "Line 1 has no label."],
    ["sequences", "good morning => maybe", 'Line 1: Unknown label "maybe".'],
    ["pairs", "one => 3", 'Line 1: "3" is not in the target vocabulary of the model.'],
    ["table", "wave\n1\n2", "The header has no column count."],
    ["table", "wave,count\n1,x\n", "Line 2 has no number in column count."],
    ["table", "wave,count\n1,2\n", "Too short: 1 row."],
    ["arrays", "[1", "The text is not a JSON object."],
    ["arrays", '[{"inputs":[1,2,3],"targets":0}]', '"inputs" must have shape [2].'],
  ])("%s: %j", (kind, text, message) => {
    const page = pages.get(kind);
    if (page === undefined) throw new Error("The page was not written.");
    const read = readTrainingSet({ type: "text", text }, page);
    expect(read.ok ? "" : read.error[0]?.message).toBe(message);
  });
});

describe("the folder of a page", () => {
  test("contains no paths, and no data with samples: false", async () => {
    const { out, folder, web } = await pageOf(untrained(specExamples.table));
    const minimal = join(folder, "bare");
    const outcome = await exportWeb({ run: out, out: minimal, weights: "end", samples: false });
    expect(outcome).toMatchObject({ ok: true, value: { notices: [] } });
    const text = readFileSync(join(minimal, "page.json"), "utf8");
    expect(text).not.toContain(folder);
    expect(text).not.toContain("t.csv");
    expect(JSON.parse(text).samples).toBeNull();
    expect(JSON.parse(readFileSync(join(web, "page.json"), "utf8")).samples.rows).toHaveLength(40);
  });

  test("is replaced if it is a page, else left alone", async () => {
    const { out, folder, web } = await pageOf(untrained(specExamples.arrays));
    expect(await exportWeb({ run: out, out: web, weights: "end", samples: true })).toMatchObject({ ok: true });
    const otherFolder = join(folder, "other");
    mkdirSync(otherFolder);
    writeFileSync(join(otherFolder, "index.html"), "mine");
    const rejected = await exportWeb({ run: out, out: otherFolder, weights: "end", samples: true });
    expect(rejected).toMatchObject({ ok: false, error: { problems: [{ code: "web-folder" }] } });
    expect(readFileSync(join(otherFolder, "index.html"), "utf8")).toBe("mine");
    expect(existsSync(join(otherFolder, "page.json"))).toBe(false);
  });

  test("has no samples, and a notice, if the data are missing", async () => {
    const { out, folder } = await pageOf(untrained(specExamples.sequences));
    writeFileSync(join(folder, "s.jsonl"), "");
    const outcome = await exportWeb({ run: out, out: join(folder, "again"), weights: "end", samples: true });
    expect(outcome.ok && outcome.value.notices).toEqual([
      expect.stringMatching(/^The page has no samples of the data: /),
    ]);
  });
});

test("the form of a line is that of the steps and targets", () => {
  const vectors = { type: "sequences", unit: "word" } as const;
  const uses = { inputs: "numbers", targets: "classes", everyStep: false } as const;
  expect(sequenceForm(vectors, uses)).toBe("vectors as JSON => label");
  const tokens = { ...vectors, vocabulary: ["a"] };
  expect(sequenceForm(tokens, { ...uses, everyStep: true })).toBe("text => one tag per step");
});
