/** Sequences of tokens: text to tokens and back, padded rows of ids, and decoded scores. */
import { formatCount, listFirst } from "../../format.js";
import type { NumericArray } from "../../tensors/array.js";
import { argmax } from "../../tensors/scores.js";
import type { TextMetadata } from "../metadata.js";
import { piecesOf } from "./bpe.js";
import { normalizeText, type Tokenization } from "./normalize-text.js";
import { decodeTokenText, encodeText } from "./text-tokenizer.js";

export const unitNames = { char: "character", word: "word", byte: "byte", bpe: "token" } as const;

/** Units that are texts. */
export type TextUnit = "char" | "word" | "bpe";

/** The first ids of a decoder's vocabulary. */
export const START = 0;
export const END = 1;

/** A character, a word, a token of byte-pair encoding, or a byte as a number. */
export type Unit = TextMetadata["vocabulary"][number];

/** Characters (Unicode code points), words between white space, tokens, or bytes of UTF-8, of a normalized text. */
export function tokenize(text: string, tokenization: Tokenization<TextUnit>): readonly string[];
export function tokenize(text: string, tokenization: Tokenization): readonly Unit[];
export function tokenize(text: string, tokenization: Tokenization): readonly Unit[] {
  const normalized = normalizeText(text, tokenization);
  switch (tokenization.unit) {
    case "char":
      return [...normalized];
    case "word":
      return splitWords(normalized);
    case "byte":
      return [...new TextEncoder().encode(normalized)];
    case "bpe":
      return tokenization.tokenizer === undefined
        ? piecesOf(normalized)
        : encodeText(normalized, tokenization.tokenizer);
  }
}

/** Words between white space. */
export function splitWords(text: string): readonly string[] {
  return text.split(/\s+/u).filter((word) => word !== "");
}

export function joinTokens(tokens: readonly Unit[], { unit, tokenizer }: Tokenization): string {
  if (unit === "byte") return new TextDecoder().decode(Uint8Array.from(tokens, Number));
  if (unit === "bpe") return decodeTokenText(tokens.map(String), tokenizer);
  return tokens.join(unit === "word" ? " " : "");
}

/** A notice of units that a vocabulary does not contain, and that are read as the unknown one; none for no units. */
export function unknownUnitsNotices(units: Iterable<Unit>, noun: string): readonly string[] {
  const unique = Array.from(new Set(units), (unit) => JSON.stringify(unit));
  if (unique.length === 0) return [];
  const subject = `${formatCount(unique.length, noun)} ${unique.length === 1 ? "is" : "are"} not in the vocabulary`;
  return [`${subject} and ${unique.length === 1 ? "is" : "are"} read as unknown: ${listFirst(unique, 5)}.`];
}

/** Rows of ids as an array [rows, length], padded with 0; lengths mask the padding. */
export function padRows(rows: readonly (readonly number[])[], length: number): NumericArray {
  const data = new Int32Array(rows.length * length);
  for (const [row, ids] of rows.entries()) data.set(ids, row * length);
  return { dtype: "int32", shape: [rows.length, length], data };
}

/** The most likely tokens of each row of scores [batch, time, vocabulary], up to the first `end`. */
export function decodeTokens(
  scores: NumericArray,
  words: readonly string[],
  tokenization: Tokenization<TextUnit>,
  end: number,
): readonly string[] {
  const [rows = 0, steps = 0, size = 0] = scores.shape;
  return Array.from({ length: rows }, (_, row) => {
    const tokens: string[] = [];
    for (let step = 0; step < steps; step++) {
      const id = argmax(scores.data, (row * steps + step) * size, size);
      if (id === end) break;
      tokens.push(words[id] ?? "");
    }
    return joinTokens(tokens, tokenization);
  });
}
