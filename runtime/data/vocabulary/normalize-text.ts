/** Normalization of texts before they are divided into units, for whole texts and for texts in chunks. */
import type { NormalTextData, NormalTextNormalization } from "../../../schema/normal/index.js";
import type { TextTokenizer } from "./text-tokenizer.js";

/** The units of a text, and its changes before it is divided into them; none if absent. Metadata of texts have both. */
export interface Tokenization<U extends NormalTextData["unit"] = NormalTextData["unit"]> {
  readonly unit: U;
  readonly normalization?: NormalTextNormalization;
  /** Of the unit bpe; its units are pieces that have yet to be divided where it is absent. */
  readonly tokenizer?: TextTokenizer;
}

const character = /./gsu;
const punctuation = /[\p{P}\p{S}]/gu;

/** The normalization as metadata; absent where it changes no text. */
export function normalizationField(
  normalization: NormalTextNormalization,
): { readonly normalization: NormalTextNormalization } | Record<string, never> {
  const { normalize, lowercase, punctuation: marks } = normalization;
  return normalize === "none" && !lowercase && marks === "keep" ? {} : { normalization };
}

/**
 * The text in Unicode's form, each character in lower case, and punctuation split or dropped. Characters are changed one
 * by one (no final sigma), so that programs in other languages and texts in chunks get the same units.
 */
export function normalizeText(text: string, { unit, normalization }: Tokenization): string {
  if (normalization === undefined || unit === "byte") return text;
  const { normalize, lowercase, punctuation: marks } = normalization;
  const composed = normalize === "none" ? text : text.normalize(normalize);
  const lowered = lowercase ? composed.replace(character, (found) => found.toLowerCase()) : composed;
  if (marks === "keep") return lowered;
  return lowered.replace(punctuation, marks === "split" ? " $& " : unit === "word" ? " " : "");
}

/** Normalizes a text in chunks, none of which ends inside a code point. */
export interface ChunkNormalizer {
  /** The normalized text that later chunks do not change. */
  push(chunk: string): string;
  /** The normalized rest. */
  finish(): string;
}

/** A character that no character after another one composes with: ASCII, or a Chinese one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII.
const boundary = /[\u0000-\u007f\u4e00-\u9fff]/;

export function createChunkNormalizer(tokenization: Tokenization): ChunkNormalizer {
  const composes = (tokenization.normalization?.normalize ?? "none") !== "none";
  let pending = "";
  return {
    push(chunk) {
      if (!composes) return normalizeText(chunk, tokenization);
      const text = pending + chunk;
      let end = text.length - 1;
      while (end > 0 && !boundary.test(text[end] ?? "")) end--;
      pending = text.slice(Math.max(end, 0));
      return normalizeText(text.slice(0, Math.max(end, 0)), tokenization);
    },
    finish() {
      const rest = normalizeText(pending, tokenization);
      pending = "";
      return rest;
    },
  };
}
