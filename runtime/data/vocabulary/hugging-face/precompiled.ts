/**
 * The normalizer Precompiled: the table of replacements of SentencePiece, a double-array trie of UTF-8 and the
 * replacements behind it (https://github.com/google/sentencepiece, normalizer.cc).
 */
import { refuse } from "./json.js";

/** A function that replaces the characters of a text. @param table in base64. */
export function precompiledNormalizer(table: string): (text: string) => string {
  const bytes = Uint8Array.from(atob(table), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = bytes.length >= 4 ? view.getUint32(0, true) : 0;
  if (size === 0 || size % 4 !== 0 || 4 + size > bytes.length) refuse("has a normalizer Precompiled without its table");
  const units = Uint32Array.from({ length: size / 4 }, (_, index) => view.getUint32(4 + 4 * index, true));
  const replacements = bytes.subarray(4 + size);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const replacementAt = (start: number) => {
    const end = replacements.indexOf(0, start);
    return decoder.decode(replacements.subarray(start, end < 0 ? undefined : end));
  };
  /** The replacement of the shortest prefix that has one. */
  const replacementOf = (key: Uint8Array): string | undefined => {
    let node = offsetOf(units[0] ?? 0);
    for (const byte of key) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = units[node] ?? 0;
      // The label of a unit has the highest bit where it is a value.
      if ((unit & 0x800000ff) >>> 0 !== byte) return undefined;
      node ^= offsetOf(unit);
      if ((unit >>> 8) & 1) return replacementAt((units[node] ?? 0) & 0x7fffffff);
    }
    return undefined;
  };
  const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  const remembered = new Map<string, string>();
  const replace = (grapheme: string) => {
    const key = encoder.encode(grapheme);
    const whole = key.length < 6 ? replacementOf(key) : undefined;
    return whole ?? Array.from(grapheme, (character) => replacementOf(encoder.encode(character)) ?? character).join("");
  };
  return (text) => {
    let result = "";
    for (const { segment } of graphemes.segment(text)) {
      const replaced = remembered.get(segment) ?? replace(segment);
      if (remembered.size < MAX_REMEMBERED) remembered.set(segment, replaced);
      result += replaced;
    }
    return result;
  };
}

const MAX_REMEMBERED = 2 ** 16;

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
