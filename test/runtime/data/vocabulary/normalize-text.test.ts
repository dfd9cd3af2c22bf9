/** Normalization of texts: its rules, texts in chunks, positions, and the same units in exported programs. */
import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toArray } from "../../../../runtime/data/spill/id-list.js";
import { locate } from "../../../../runtime/data/vocabulary/locate.js";
import type { Tokenization } from "../../../../runtime/data/vocabulary/normalize-text.js";
import { createTokenizer, tokenizeText } from "../../../../runtime/data/vocabulary/tokenizers.js";
import { tokenize } from "../../../../runtime/data/vocabulary/tokens.js";
import { nodeSnippet } from "../../../../runtime/export/snippets/javascript.js";
import type { SnippetSpec } from "../../../../runtime/export/snippets/plan.js";
import { pythonSnippet } from "../../../../runtime/export/snippets/python.js";

const forms = ["none", "NFC", "NFKC"] as const;
const marks = ["keep", "split", "drop"] as const;
const tokenizations: readonly Tokenization<"char" | "word">[] = (["char", "word"] as const).flatMap((unit) =>
  forms.flatMap((normalize) =>
    [false, true].flatMap((lowercase) =>
      marks
        .filter((punctuation) => unit === "word" || punctuation !== "split")
        .map((punctuation) => ({ unit, normalization: { normalize, lowercase, punctuation } })),
    ),
  ),
);

const words = (normalization: Partial<Tokenization["normalization"]>) =>
  ({
    unit: "word",
    normalization: { normalize: "none", lowercase: false, punctuation: "keep", ...normalization },
  }) as const;

test.each([
  [{ lowercase: true }, "Good FILM İΣ", ["good", "film", "i\u0307σ"]],
  [{ punctuation: "split" }, "don't: 5€!", ["don", "'", "t", ":", "5", "€", "!"]],
  [{ punctuation: "drop" }, "don't: 5€!", ["don", "t", "5"]],
  [{ normalize: "NFC" }, "cafe\u0301 ﬁn", ["café", "ﬁn"]],
  [{ normalize: "NFKC", lowercase: true }, "Ｃafe\u0301\u00a0ﬁn", ["café", "fin"]],
] as const)("%j of %j", (normalization, text, expected) => {
  expect(tokenize(text, words(normalization))).toEqual(expected);
});

test("dropped punctuation of characters leaves no space", () => {
  const normalization = { normalize: "none", lowercase: true, punctuation: "drop" } as const;
  expect(tokenize("It's", { unit: "char", normalization }).join("")).toBe("its");
});

/** Letters and symbols of old versions of Unicode: languages differ in the newest ones. */
const ranges = [
  [0x20, 0x7e],
  [0xa0, 0x24f],
  [0x370, 0x52f],
  [0x5d0, 0x5ea],
  [0x2010, 0x2027],
  [0x2030, 0x205e],
  [0x20a0, 0x20ba],
  [0x2100, 0x23e0],
  [0x2600, 0x26ff],
  [0x3001, 0x30ff],
  [0x1f300, 0x1f320],
] as const;

/** Letters with marks, ligatures, Hangul jamo, symbols, white space, and characters of the ranges. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(..."aÉéΣσİıßﬁＡ가각각e\u0301\u0323\u0301ḍ̇!,.'’«»€+$😀👍🏽 \t\n\r\n一二"),
      ...ranges.map(([from, to]) => fc.integer({ min: from, max: to }).map((point) => String.fromCodePoint(point))),
    ),
    { maxLength: 24 },
  )
  .map((parts) => parts.join(""));

test("a text in chunks has the units of the whole text, at the same positions", () => {
  fc.assert(
    fc.property(text, fc.nat(), fc.constantFrom(...tokenizations), (content, at, tokenization) => {
      const points = [...content];
      const cut = at % (points.length + 1);
      const tokenizer = createTokenizer(tokenization);
      for (const chunk of [points.slice(0, cut), points.slice(cut)]) tokenizer.push(chunk.join(""));
      const [chunked, whole] = [tokenizer.finish(), tokenizeText(content, tokenization)];
      const unitsOf = ({ units, ids }: typeof whole) => Array.from(toArray(ids), (id) => units[id]);
      const units = unitsOf(whole);
      expect(unitsOf(chunked)).toEqual(units);
      expect(units).toEqual(tokenize(content, tokenization));
      const locator = locate(
        tokenization,
        units.map((_, index) => index),
      );
      for (const chunk of [points.slice(0, cut).join(""), `${points.slice(cut).join("")}\n`]) locator.push(chunk);
      expect(locator.positions).toHaveLength(units.length);
    }),
    { numRuns: 2000 },
  );
});

test("positions are those of the text as it is written", () => {
  const content = "Wow!\ncafe\u0301, ok";
  const indices = [0, 1, 2, 3, 4];
  const locator = locate(words({ punctuation: "split", normalize: "NFC" }), indices);
  locator.push(`${content}\n`);
  expect(locator.positions).toEqual([
    { line: 1, column: 1 },
    { line: 1, column: 4 },
    { line: 2, column: 1 },
    { line: 2, column: 6 },
    { line: 2, column: 8 },
  ]);
});

const list = ["é", "a", "café", "!", "σ", "i\u0307", "fi", "'", "😀", "e\u0301"];

/** A program for an example text, with the vocabulary above and -2 for other units. */
function snippetOf(content: string, { unit, normalization }: (typeof tokenizations)[number]): SnippetSpec {
  const vocabulary = {
    list,
    tokenizer: null,
    metadataKey: "v",
    unit,
    normalization: normalization ?? null,
    unknown: -2,
    maxLength: null,
  };
  return {
    model: "m.onnx",
    description: "",
    kind: "once",
    example: { type: "text", text: content, vocabulary },
    tokenizer: null,
    idCount: null,
    columns: [],
    texts: [],
    feeds: [],
    states: [],
    predictions: [
      { name: null, output: "y", dtype: "float32", type: "numbers", names: null, joinUnit: null, blank: null },
    ],
    decoder: { start: 0, end: 1, maxLength: 0 },
  };
}

/** The lines of a program from the first to the one that has the ids. */
function linesToIds(program: string, first: RegExp): readonly string[] {
  const lines = program.split("\n");
  const start = lines.findIndex((line) => first.test(line));
  return lines.slice(start, lines.findIndex((line) => /\bids = /.test(line)) + 1);
}

const idsOf = (content: string, tokenization: (typeof tokenizations)[number]) =>
  tokenize(content, tokenization).map((unit) => (list.includes(unit) ? list.indexOf(unit) : -2));

describe("programs give a text the ids of training", () => {
  test("in JavaScript", () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...tokenizations), (content, tokenization) => {
        const lines = linesToIds(nodeSnippet(snippetOf(content, tokenization)), /^const vocabulary/);
        const ids: unknown = new Function(`${lines.join("\n")}\nreturn ids;`)();
        expect(ids).toEqual(idsOf(content, tokenization));
      }),
      { numRuns: 2000 },
    );
  });

  const python = ["/usr/bin/env", "python3"] as const;
  const hasPython = spawnSync(python[0], [python[1], "-c", ""]).status === 0;

  test.skipIf(!hasPython)("in Python", () => {
    const samples = fc.sample(fc.tuple(text, fc.constantFrom(...tokenizations)), 2000);
    const program = samples.flatMap(([content, tokenization]) => [
      ...linesToIds(pythonSnippet(snippetOf(content, tokenization)), /^vocabulary = /),
      "print(json.dumps(ids))",
    ]);
    const metadata = `metadata = {"v": ${JSON.stringify(JSON.stringify(list))}}`;
    const { stdout, stderr, status } = spawnSync(python[0], [python[1], "-"], {
      input: ["import json, unicodedata", metadata, ...program].join("\n"),
      encoding: "utf8",
      env: { ...process.env, PYTHONIOENCODING: "utf-8" },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const results = stdout.trimEnd().split("\n");
    for (const [index, [content, tokenization]] of samples.entries())
      expect([content, tokenization, JSON.parse(results[index] ?? "")]).toEqual([
        content,
        tokenization,
        idsOf(content, tokenization),
      ]);
  });
});
