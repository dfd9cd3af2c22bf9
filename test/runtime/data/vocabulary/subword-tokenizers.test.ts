/** Tokenizers of tokenizer.json with the models WordPiece and Unigram: ids and texts of Hugging Face's tokenizers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toArray } from "../../../../runtime/data/spill/id-list.js";
import { decodeTokenText, encodeText } from "../../../../runtime/data/vocabulary/text-tokenizer.js";
import { parseTokenizerJson, tokenizerJson } from "../../../../runtime/data/vocabulary/tokenizer-json.js";
import { tokenizeText } from "../../../../runtime/data/vocabulary/tokenizers.js";
import { createDetokenizer } from "../../../../runtime/generation/tokenizer.js";

interface Case {
  readonly tokenizer: Readonly<Record<string, object>>;
  readonly ids: readonly (readonly number[])[];
  readonly decoded: readonly string[];
}
const fixture: { readonly texts: readonly string[]; readonly cases: Readonly<Record<string, Case>> } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../fixtures/subword-tokenizers.json"), "utf8"),
);

function parsed(json: object) {
  const result = parseTokenizerJson(JSON.stringify(json));
  if (!result.ok) throw new Error(result.error.fault);
  return result.value;
}

function caseOf(name: string): Case {
  const found = fixture.cases[name];
  if (found === undefined) throw new Error(`The fixture has no case ${name}.`);
  return found;
}

describe.each(Object.keys(fixture.cases))("%s", (name) => {
  const { tokenizer: json, ids, decoded } = caseOf(name);
  const { tokenizer, vocabulary } = parsed(json);
  const idsOf = (text: string) => encodeText(text, tokenizer).map((token) => vocabulary.indexOf(token));
  const tokensOf = (row: readonly number[]) => row.map((id) => vocabulary[id] ?? "");

  test("encodes texts as Hugging Face's tokenizers do, also in chunks", () => {
    expect(fixture.texts.map(idsOf)).toEqual(ids);
    const text = fixture.texts.join(" ");
    const whole = tokenizeText(text, { unit: "bpe", tokenizer });
    expect(Array.from(toArray(whole.ids), (id) => whole.units[id])).toEqual(encodeText(text, tokenizer));
  });

  test("decodes tokens as they do, and one by one", () => {
    // A token that is normalized in texts is decoded in its normalized form there.
    const rows = ids.flatMap((row, index) => (tokensOf(row).includes("Brand New") ? [] : [{ row, index }]));
    expect(rows.map(({ row }) => decodeTokenText(tokensOf(row), tokenizer))).toEqual(
      rows.map(({ index }) => decoded[index]),
    );
    const growing = createDetokenizer({ type: "text", unit: "bpe", tokenizer, vocabulary });
    expect((ids[14] ?? []).map((id) => growing.add(id)).join("")).toBe(decoded[14]);
  });

  test("is read again from the file that it writes", () => {
    const again = parsed(JSON.parse(tokenizerJson({ tokenizer, vocabulary })));
    expect(again.vocabulary).toEqual(vocabulary);
    expect(fixture.texts.map((text) => encodeText(text, again.tokenizer))).toEqual(ids.map(tokensOf));
    // With the tokens of pairs before those of the file.
    const shifted = parsed(JSON.parse(tokenizerJson({ tokenizer, vocabulary: ["<start>", ...vocabulary] })));
    expect(fixture.texts.map((text) => encodeText(text, shifted.tokenizer))).toEqual(ids.map(tokensOf));
  });
});

describe("a component without an equal is refused", () => {
  const { tokenizer: json } = caseOf("t5");
  const { tokenizer: bert } = caseOf("bert_uncased");
  test.each([
    ["a normalizer", { ...json, normalizer: { type: "Nmt" } }, 'has the normalizer "Nmt"'],
    [
      "a pre-tokenizer",
      { ...bert, pre_tokenizer: { type: "UnicodeScripts" } },
      'has the pre-tokenizer "UnicodeScripts"',
    ],
    ["a decoder", { ...bert, decoder: { type: "CTC" } }, 'has the decoder "CTC"'],
    [
      "a pattern",
      { ...json, normalizer: { type: "Replace", pattern: { Regex: "(?<=a|bc" }, content: "" } },
      "has the Replace pattern",
    ],
    [
      "a table",
      { ...json, normalizer: { type: "Precompiled", precompiled_charsmap: "" } },
      "Precompiled without its table",
    ],
    ["no unknown token", { ...json, model: { ...json.model, unk_id: null } }, "has no token for unknown characters"],
    ["another model", { ...json, model: { type: "WordLevel", vocab: {} } }, 'has the model "WordLevel"'],
  ])("%s", (_, changed, fault) => {
    const result = parseTokenizerJson(JSON.stringify(changed));
    expect(result.ok ? "" : result.error.fault).toContain(fault);
  });
});
