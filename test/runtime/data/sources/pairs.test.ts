/** Pairs: padded decoder inputs and targets, from sources of text and of numbers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import type { NormalPairsData } from "../../../../schema/normal/index.js";
import { crossEntropy, numbersModel, sequencesData, specOf, tokensModel } from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

const noColumns = {
  type: "pairs",
  columns: { source: null, target: null },
  header: false,
  delimiter: null,
  tokenizer: null,
  vocabulary: { file: null, size: null, min_count: 1 },
  text: { normalize: "none", lowercase: false, punctuation: "keep" },
} as const;

async function open(pairs: NonNullable<NormalPairsData["pairs"]>, model = tokensModel) {
  const { split } = sequencesData;
  const data: NormalPairsData = { ...noColumns, file: null, pairs, unit: "char", split };
  const opened = await openData(specOf({ model, loss: crossEntropy, data }), ".");
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  return opened.value;
}

const dataOf = (batch: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: unknown }>) =>
  Object.fromEntries([...batch].map(([name, { shape, data }]) => [name, { shape, data }]));

test("texts are padded to the longest; targets have start and end tokens", async () => {
  const source = await open([
    ["ab", "xyx"],
    ["b", "y"],
    ["abb", "x"],
  ]);
  // Source id 0 is unknown; target ids 0, 1, 2 are start, end, unknown.
  expect(source.metadata).toMatchObject({ vocabulary: ["<unknown>", "a", "b"], target_vocabulary: { 3: "x", 4: "y" } });
  expect(dataOf(source.batch([1, 2]))).toEqual({
    inputs: { shape: [2, 3], data: Int32Array.of(2, 0, 0, 1, 2, 2) },
    lengths: { shape: [2], data: BigInt64Array.of(1n, 3n) },
    decoder_inputs: { shape: [2, 4], data: Int32Array.of(0, 4, 0, 0, 0, 3, 0, 0) },
    targets: { shape: [2, 4], data: Int32Array.of(4, 1, 0, 0, 3, 1, 0, 0) },
    target_lengths: { shape: [2], data: BigInt64Array.of(2n, 2n) },
  });
});

test("vectors are rows of the batch without lengths", async () => {
  const pairs: NonNullable<NormalPairsData["pairs"]> = [
    [[1, 2], "x"],
    [[3, 4], "xx"],
  ];
  const source = await open(pairs, numbersModel);
  const batch = source.batch([1, 0, 1]);
  expect(batch.get("inputs")).toEqual({ dtype: "float32", shape: [3, 2], data: Float32Array.of(3, 4, 1, 2, 3, 4) });
  expect(batch.has("lengths")).toBe(false);
});

test("opens hundreds of thousands of pairs", async () => {
  const source = await open(Array.from({ length: 200_000 }, (_, index) => ["a", index === 150_000 ? "xxx" : "x"]));
  expect(source.batch([150_000]).get("targets")?.data).toEqual(Int32Array.of(3, 3, 3, 1));
});

test.each([
  [
    "source\ttarget",
    [
      'p.tsv:1: The line is read as a pair, "source" and "target". If it names the columns, set "header": true in data.',
    ],
  ],
  [
    "Input\tOutput",
    ['p.tsv:1: The line is read as a pair, "Input" and "Output". If it names the columns, set "header": true in data.'],
  ],
  ["the source\tthe target", []],
])("a first line %j that seems to name the columns is stated", async (line, notices) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "p.tsv"), `${line}\nab\tx\nb\ty\n`);
  const { split } = sequencesData;
  const data: NormalPairsData = { ...noColumns, file: "p.tsv", pairs: null, unit: "char", split };
  const opened = await openData(specOf({ model: tokensModel, loss: crossEntropy, data }), folder);
  expect(opened.ok && opened.value.notices).toEqual(notices);
  expect(opened.ok && opened.value.examples).toBe(3);
});
