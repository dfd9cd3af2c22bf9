/** The units of a text, numbered in order of first appearance: code points, words between white space, or bytes. */
import type { NormalTextData, NormalVocabulary } from "../../../schema/normal/index.js";
import { MAX_WORD_LENGTH, WordTooLongError } from "../formats/utf8-reader.js";
import { intern } from "../labels.js";
import { collectIds, type IdList } from "../spill/id-list.js";
import type { Unit } from "./tokens.js";

export interface TokenizedText {
  readonly units: readonly Unit[];
  /** The unit at each place, as a place in `units`. */
  readonly ids: IdList;
}

/** Reads a text piece by piece. No piece ends within a code point; bytes are read as bytes, and text as their UTF-8. */
export interface Tokenizer {
  push(chunk: string | Uint8Array): void;
  finish(): TokenizedText;
}

export const tokenizers: { readonly [K in NormalTextData["unit"]]: () => Tokenizer } = {
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
    /** The last word of a piece may go on in the next. */
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
};

/** The place behind the last white space; 0 where there is none. A search from the front would look at each long word again and again. */
function endOfWords(text: string): number {
  let end = text.length;
  while (end > 0 && !/\s/u.test(text[end - 1] ?? "")) end--;
  return end;
}

/** The units of a text that is there whole. */
export function tokenizeText(text: string | Uint8Array, unit: NormalTextData["unit"]): TokenizedText {
  const tokenizer = tokenizers[unit]();
  tokenizer.push(text);
  return tokenizer.finish();
}

function decodeText(chunk: string | Uint8Array): string {
  return typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
}

/**
 * `counts` are the units' numbers of occurrences, in order of first appearance. The answer is the places of those that are
 * kept, in that order: the most frequent, the earlier of equals. With `reserved`, the size counts that many other entries.
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
