/** Byte-pair encoding: merges and ids of Hugging Face's tokenizers, tokenizer.json, and texts of any bytes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toArray } from "../../../../runtime/data/spill/id-list.js";
import { decodeBpe, piecesOf } from "../../../../runtime/data/vocabulary/bpe.js";
import { learnBpe } from "../../../../runtime/data/vocabulary/learn-bpe.js";
import { normalizeText } from "../../../../runtime/data/vocabulary/normalize-text.js";
import { encodePieces } from "../../../../runtime/data/vocabulary/open-tokenizer.js";
import { encodeText } from "../../../../runtime/data/vocabulary/text-tokenizer.js";
import {
  parseTokenizerJson,
  type StoredTokenizer,
  tokenizerJson,
} from "../../../../runtime/data/vocabulary/tokenizer-json.js";
import { createTokenizer, tokenizeText } from "../../../../runtime/data/vocabulary/tokenizers.js";

interface Case {
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly ids: readonly (readonly number[])[];
}
const fixture: {
  readonly training: readonly string[];
  readonly samples: readonly string[];
  readonly cases: Readonly<Record<"gpt2" | "prefix_space" | "split" | "nfc", Case>>;
} = JSON.parse(readFileSync(join(import.meta.dirname, "../../../fixtures/byte-level-bpe.json"), "utf8"));
const { training, samples, cases } = fixture;

function parsed(json: object): StoredTokenizer {
  const result = parseTokenizerJson(JSON.stringify(json));
  if (!result.ok) throw new Error(result.error.fault);
  return result.value;
}

function idsOf(text: string, { tokenizer, vocabulary, normalization }: StoredTokenizer): readonly number[] {
  const normalized = normalizeText(text, { unit: "bpe", ...(normalization && { normalization }) });
  return encodeText(normalized, tokenizer).map((token) => vocabulary.indexOf(token));
}

function learned(texts: readonly string[], size: number, minCount = 2) {
  const counts = new Map<string, number>();
  for (const piece of texts.flatMap((text) => piecesOf(text))) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  return learnBpe([...counts.keys()], [...counts.values()], size, minCount);
}

test("the merges are those of Hugging Face's trainer", () => {
  const { tokenizer, vocabulary } = learned(training, 330);
  const expected = parsed(cases.gpt2.tokenizer);
  expect(expected.tokenizer).toEqual(tokenizer);
  expect(vocabulary).toEqual(expected.vocabulary);
});

test("the most frequent pair is merged first, and pairs that occur once are not", () => {
  // hug 10, pug 5, pun 12, bun 4, hugs 5: u g (20), u n (16), h ug (15), …
  const words = { hug: 10, pug: 5, pun: 12, bun: 4, hugs: 5 };
  const { tokenizer, vocabulary } = learnBpe(Object.keys(words), Object.values(words), 259, 2);
  expect(tokenizer.merges).toEqual(["u g", "u n", "h ug"]);
  expect(vocabulary.slice(256)).toEqual(["ug", "un", "hug"]);
  expect(learned(["ab"], 300).tokenizer.merges).toEqual([]);
});

test.each(Object.entries(cases))("the ids of tokenizer.json: %s", (_, { tokenizer, ids }) => {
  const stored = parsed(tokenizer);
  expect(samples.map((text) => idsOf(text, stored))).toEqual(ids);
  // The file that is written from it has the same ids.
  const again = parsed(JSON.parse(tokenizerJson(stored)));
  expect(again).toEqual(stored);
});

test("tokens decode to their text, also texts that training had nothing of", () => {
  const { tokenizer } = learned(training, 330);
  for (const text of [...samples, "\u0000\u007f\u0080\ud7ff\u{10ffff}", "\ufeffx"]) {
    expect(decodeBpe(encodeText(text, tokenizer))).toBe(text);
  }
});

test("a text in chunks has the tokens of the whole", () => {
  const text = [...samples, ...training].join(" ");
  for (const { tokenizer } of [parsed(cases.gpt2.tokenizer), parsed(cases.split.tokenizer)]) {
    for (const size of [1, 2, 7, 64]) {
      const inChunks = createTokenizer({ unit: "bpe", tokenizer });
      const characters = [...text];
      for (let start = 0; start < characters.length; start += size)
        inChunks.push(characters.slice(start, start + size).join(""));
      const { units, ids } = inChunks.finish();
      expect(Array.from(toArray(ids), (id) => units[id])).toEqual(encodeText(text, tokenizer));
    }
  }
});

test("pieces are encoded like their text", () => {
  const stored = learned(training, 330);
  const text = training.join("");
  const { ids } = encodePieces(tokenizeText(text, { unit: "bpe" }), stored);
  expect([...toArray(ids)]).toEqual(
    encodeText(text, stored.tokenizer).map((token) => stored.vocabulary.indexOf(token)),
  );
});

describe("a component that is not supported is refused by name:", () => {
  const base = cases.gpt2.tokenizer;
  const model = base.model as object;
  test.each<[string, object, string]>([
    ["a model", { ...base, model: { type: "WordLevel", vocab: {} } }, 'has the model "WordLevel"'],
    ["byte fallback", { ...base, model: { ...model, byte_fallback: true } }, "has a model with byte_fallback"],
    ["a normalizer", { ...base, normalizer: { type: "BertNormalizer" } }, 'has the normalizer "BertNormalizer"'],
    ["a pre-tokenizer", { ...base, pre_tokenizer: { type: "Metaspace" } }, 'has the pre-tokenizer "Metaspace"'],
    ["no pre-tokenizer", { ...base, pre_tokenizer: null }, 'has the pre-tokenizer "none"'],
    [
      "a pattern that JavaScript lacks",
      {
        ...base,
        pre_tokenizer: {
          type: "Sequence",
          pretokenizers: [
            { type: "Split", pattern: { Regex: "\\p{L}++" }, behavior: "Isolated", invert: false },
            { type: "ByteLevel", add_prefix_space: false, use_regex: false },
          ],
        },
      },
      'has the pattern "\\\\p{L}++"',
    ],
    [
      "a token with lstrip",
      { ...base, added_tokens: [{ id: 324, content: "<mask>", lstrip: true }] },
      'has the token "<mask>" with lstrip',
    ],
    ["a gap of ids", { ...base, added_tokens: [{ id: 340, content: "<s>" }] }, "has no token of the id 324"],
  ])("%s", (_, json, fault) => {
    expect(parseTokenizerJson(JSON.stringify(json))).toMatchObject({ ok: false, error: { fault } });
  });

  test("a file that is none", () => {
    expect(parseTokenizerJson("[")).toMatchObject({ ok: false, error: { fault: "is not JSON" } });
    expect(parseTokenizerJson("[]")).toMatchObject({ ok: false, error: { fault: 'has no "model"' } });
  });
});
