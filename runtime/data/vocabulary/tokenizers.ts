/**
 * Tokenizers: a text as units (code points, words, tokens or bytes), numbered by first appearance, and the choice of a
 * vocabulary.
 */
import type { NormalTextData, NormalVocabulary } from "../../../schema/normal/index.js";
import { formatCount } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { MAX_WORD_LENGTH, WordTooLongError } from "../formats/utf8-reader.js";
import { intern } from "../labels.js";
import { collectIds, type IdList } from "../spill/id-list.js";
import { dividesAtSpaces, pieceEncoder, piecesOf } from "./bpe.js";
import { createChunkNormalizer, type Tokenization } from "./normalize-text.js";
import { encodeText, isPipeline } from "./text-tokenizer.js";
import type { Unit } from "./tokens.js";

export interface TokenizedText {
  readonly units: readonly Unit[];
  /** For each unit of the text its index in `units`. */
  readonly ids: IdList;
}

/** Reads a text in chunks, none of which ends inside a code point. A byte tokenizer encodes strings as UTF-8. */
export interface Tokenizer {
  push(chunk: string | Uint8Array): void;
  finish(): TokenizedText;
}

const tokenizers: { readonly [K in NormalTextData["unit"]]: (tokenizer: Tokenization["tokenizer"]) => Tokenizer } = {
  byte() {
    const unitIds = new Map<number, number>();
    const ids = collectIds();
    return {
      push(chunk) {
        const bytes = typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk;
        for (const byte of bytes) ids.push(intern(unitIds, byte));
      },
      finish: () => ({ ids: ids.finish(), units: [...unitIds.keys()] }),
    };
  },

  char() {
    const unitIds = new Map<number, number>();
    const ids = collectIds();
    return {
      push(chunk) {
        const text = decodeText(chunk);
        for (let index = 0; index < text.length; ) {
          const codePoint = text.codePointAt(index) ?? 0;
          ids.push(intern(unitIds, codePoint));
          index += codePoint > 0xffff ? 2 : 1;
        }
      },
      finish: () => ({
        ids: ids.finish(),
        units: Array.from(unitIds.keys(), (codePoint) => String.fromCodePoint(codePoint)),
      }),
    };
  },

  word() {
    const unitIds = new Map<string, number>();
    const ids = collectIds();
    /** Chunks of a last word that may continue in the next chunk. */
    let pending: string[] = [];
    let length = 0;
    const flushWords = (end: string) => {
      for (const [word] of [...pending, end].join("").matchAll(/\S+/gu)) ids.push(intern(unitIds, word));
      [pending, length] = [[], 0];
    };
    return {
      push(chunk) {
        const text = decodeText(chunk);
        const end = endOfWords(text);
        if (end > 0) flushWords(text.slice(0, end));
        pending.push(text.slice(end));
        length += text.length - end;
        if (length > MAX_WORD_LENGTH) throw new WordTooLongError();
      },
      finish() {
        flushWords("");
        return { ids: ids.finish(), units: [...unitIds.keys()] };
      },
    };
  },

  bpe(tokenizer) {
    const unitIds = new Map<string, number>();
    const ids = collectIds();
    const isLocal = tokenizer === undefined || (!isPipeline(tokenizer) && dividesAtSpaces(tokenizer));
    let pending = "";
    const read = (text: string) => {
      if (tokenizer !== undefined && isPipeline(tokenizer)) {
        for (const token of encodeText(text, tokenizer)) ids.push(intern(unitIds, token));
        return;
      }
      const encode = tokenizer === undefined ? (piece: string) => [piece] : pieceEncoder(tokenizer);
      for (const piece of piecesOf(text, tokenizer)) {
        for (const token of encode(piece)) ids.push(intern(unitIds, token));
      }
    };
    return {
      push(chunk) {
        pending += decodeText(chunk);
        const end = isLocal ? lastSingleSpace(pending) : 0;
        read(pending.slice(0, end));
        pending = pending.slice(end);
      },
      finish() {
        read(pending);
        return { ids: ids.finish(), units: [...unitIds.keys()] };
      },
    };
  },
};

const whiteSpace = /\p{White_Space}/u;

/** The index of the last white space between two characters that are none, or 0. */
function lastSingleSpace(text: string): number {
  const isSpace = (index: number) => whiteSpace.test(text[index] ?? " ");
  let index = text.length - 2;
  while (index > 0 && !(isSpace(index) && !isSpace(index - 1) && !isSpace(index + 1))) index--;
  return Math.max(index, 0);
}

/**
 * The index after the last white space, or 0. Searched from the end: from the start, long words cost quadratic time.
 */
function endOfWords(text: string): number {
  let end = text.length;
  while (end > 0 && !/\s/u.test(text[end - 1] ?? "")) end--;
  return end;
}

/** A tokenizer of normalized text. */
export function createTokenizer(tokenization: Tokenization): Tokenizer {
  const tokenizer = tokenizers[tokenization.unit](tokenization.tokenizer);
  if (tokenization.normalization === undefined || tokenization.unit === "byte") return tokenizer;
  const normalizer = createChunkNormalizer(tokenization);
  return {
    push: (chunk) => tokenizer.push(normalizer.push(decodeText(chunk))),
    finish() {
      tokenizer.push(normalizer.finish());
      return tokenizer.finish();
    },
  };
}

/** Tokenizes a complete text. */
export function tokenizeText(text: string | Uint8Array, tokenization: Tokenization): TokenizedText {
  const tokenizer = createTokenizer(tokenization);
  tokenizer.push(text);
  return tokenizer.finish();
}

function decodeText(chunk: string | Uint8Array): string {
  return typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
}

/**
 * The units that get an id of their own: those with at least `min_count` occurrences, the most frequent first up to
 * `size`, ties by first appearance.
 *
 * @param counts occurrences of each unit in the training split, by first appearance.
 * @param reserved entries of `size` that are taken already, such as the unknown token.
 * @returns indices of the selected units, ascending.
 */
export function selectVocabulary(
  counts: Uint32Array,
  { size, min_count }: NormalVocabulary,
  reserved: number,
): readonly number[] {
  const frequent = Array.from(counts.keys()).filter((unit) => (counts[unit] ?? 0) >= min_count);
  const capacity = Math.max(0, (size ?? Number.POSITIVE_INFINITY) - reserved);
  if (frequent.length <= capacity) return frequent;
  const byCount = [...frequent].sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a - b);
  return byCount.slice(0, capacity).sort((a, b) => a - b);
}

/** The problem of a vocabulary without any unit of the training split; undefined for a vocabulary with units. */
export function checkVocabulary(
  selected: readonly number[],
  counts: Uint32Array,
  { min_count }: NormalVocabulary,
  unit: string,
): RunProblem | undefined {
  const most = counts.reduce((maximum, count) => Math.max(maximum, count), 0);
  if (selected.length > 0 || most === 0) return undefined;
  return {
    code: "empty-vocabulary",
    path: "/data/vocabulary/min_count",
    message: `The vocabulary has only the unknown ${unit}: none occurs ${formatCount(min_count, "time")} in the training split.`,
    hint: `The most frequent ${unit} occurs ${formatCount(most, "time")}. Set data.vocabulary.min_count to at most ${most}.`,
  };
}
