/** Conversion of prompts to ids, and of ids to text. */
import { expect, test } from "vitest";
import type { TextMetadata } from "../../../runtime/data/metadata.js";
import { createDetokenizer, encodePrompt, splitPrompt } from "../../../runtime/generation/tokenizer.js";

const char: TextMetadata = { type: "text", unit: "char", vocabulary: ["h", "i", "𝄞"] };
const word: TextMetadata = { type: "text", unit: "word", vocabulary: ["to", "be", "<unknown>"], unknown: 2 };
const byte: TextMetadata = { type: "text", unit: "byte", vocabulary: [0xc3, 0xa9, 0x61] };

function detokenized(metadata: TextMetadata, ids: readonly number[]): readonly string[] {
  const detokenizer = createDetokenizer(metadata);
  return [...ids.map(detokenizer.add), detokenizer.end()];
}

test.each<[TextMetadata, string, readonly number[], readonly string[]]>([
  [char, "hi𝄞", [0, 1, 2], ["h", "i", "𝄞", ""]],
  [word, " to  be\nto", [0, 1, 0], ["to", " be", " to", ""]],
  [byte, "éa", [0, 1, 2], ["", "é", "a", ""]],
  [char, "", [], [""]],
])("$unit: %s", (metadata, prompt, ids, chunks) => {
  expect(encodePrompt(prompt, metadata, "")).toEqual({ ok: true, value: ids });
  expect(detokenized(metadata, ids)).toEqual(chunks);
});

test("bytes that are not UTF-8 become replacement characters", () => {
  expect(detokenized(byte, [0, 2, 0])).toEqual(["", "\uFFFDa", "", "\uFFFD"]);
});

test.each<[TextMetadata, string, string, string]>([
  [
    char,
    "ho!h",
    'The prompt has characters that are not in the vocabulary: "o", "!".',
    "Use the 3 characters of the vocabulary.",
  ],
  [
    word,
    "<unknown> a b c d e f g",
    'The prompt has words that are not in the vocabulary: "<unknown>", "a", "b", "c", "d", and 3 more.',
    "Use the 2 words of the vocabulary.",
  ],
  [byte, "b", "The prompt has bytes that are not in the vocabulary: 98.", "Use the 3 bytes of the vocabulary."],
])("unknown tokens: %#", (metadata, prompt, message, hint) => {
  expect(encodePrompt(prompt, metadata, "/train/sample/prompt")).toEqual({
    ok: false,
    error: [{ code: "unknown-unit", path: "/train/sample/prompt", message, hint }],
  });
});

test("without a prompt, generation starts with the first token of the training text", () => {
  expect(splitPrompt([], 5)).toEqual({ promptIds: [0], remainingLength: 4 });
  expect(splitPrompt([2, 1], 5)).toEqual({ promptIds: [2, 1], remainingLength: 5 });
});
