/** Sequences of tokens: text taken apart, rows padded, and scores read back as text. */
import type { NumericArray } from "../../tensors/array.js";
import { argmax } from "../labels.js";
import type { TextMetadata } from "../metadata.js";

/** The first ids of the vocabulary of sequences that a decoder writes. */
export const START = 0;
export const END = 1;

/** A character, a word, or a byte as a number. */
export type Unit = TextMetadata["vocabulary"][number];

/** Characters (Unicode code points), words between white space, or bytes of UTF-8. */
export function tokenize(text: string, unit: "char" | "word"): readonly string[];
export function tokenize(text: string, unit: TextMetadata["unit"]): readonly Unit[];
export function tokenize(text: string, unit: TextMetadata["unit"]): readonly Unit[] {
  switch (unit) {
    case "char":
      return [...text];
    case "word":
      return text.split(/\s+/u).filter((word) => word !== "");
    case "byte":
      return [...new TextEncoder().encode(text)];
  }
}

export function joinTokens(tokens: readonly Unit[], unit: TextMetadata["unit"]): string {
  if (unit === "byte") return new TextDecoder().decode(Uint8Array.from(tokens, Number));
  return tokens.join(unit === "word" ? " " : "");
}

/** Rows of ids as one array [rows, length]; what is missing is 0, which lengths keep from being read. */
export function padRows(rows: readonly (readonly number[])[], length: number): NumericArray {
  const data = new Int32Array(rows.length * length);
  for (const [row, ids] of rows.entries()) data.set(ids, row * length);
  return { dtype: "int32", shape: [rows.length, length], data };
}

/** The likeliest tokens of each row of scores [batch, time, words], up to the first `end`. */
export function decodeTokens(
  scores: NumericArray,
  words: readonly string[],
  unit: "char" | "word",
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
    return joinTokens(tokens, unit);
  });
}
