/** The units of a text, numbered in order of first appearance: code points, words between white space, or bytes. */
import type { NormalTextData } from "../../schema/normal.js";
import { LongWord, longestWord } from "./characters.js";
import { collectIds, type IdList } from "./ids.js";
import { intern } from "./labels.js";

/** A byte is a number. */
export type Unit = string | number;

export interface NumberedText {
  readonly units: readonly Unit[];
  /** The unit at each place, as a place in `units`. */
  readonly ids: IdList;
}

/** Reads a text piece by piece. No piece ends within a code point; bytes are read as bytes, and text as their UTF-8. */
export interface Numbering {
  push(piece: string | Uint8Array): void;
  finish(): NumberedText;
}

export const numberings: { readonly [K in NormalTextData["unit"]]: () => Numbering } = {
  byte() {
    const numbers = new Map<number, number>();
    const ids = collectIds();
    return {
      push(piece) {
        const bytes = typeof piece === "string" ? Buffer.from(piece, "utf8") : piece;
        for (const byte of bytes) ids.push(intern(numbers, byte));
      },
      finish: () => ({ ids: ids.finish(), units: [...numbers.keys()] }),
    };
  },

  char() {
    const numbers = new Map<number, number>();
    const ids = collectIds();
    return {
      push(piece) {
        const text = textOf(piece);
        for (let place = 0; place < text.length; ) {
          const point = text.codePointAt(place) ?? 0;
          ids.push(intern(numbers, point));
          place += point > 0xffff ? 2 : 1;
        }
      },
      finish: () => ({
        ids: ids.finish(),
        units: Array.from(numbers.keys(), (point) => String.fromCodePoint(point)),
      }),
    };
  },

  word() {
    const numbers = new Map<string, number>();
    const ids = collectIds();
    /** The last word of a piece may go on in the next. */
    let parts: string[] = [];
    let length = 0;
    const take = (end: string) => {
      for (const [word] of [...parts, end].join("").matchAll(/\S+/gu)) ids.push(intern(numbers, word));
      [parts, length] = [[], 0];
    };
    return {
      push(piece) {
        const text = textOf(piece);
        const end = endOfWords(text);
        if (end > 0) take(text.slice(0, end));
        parts.push(text.slice(end));
        length += text.length - end;
        if (length > longestWord) throw new LongWord();
      },
      finish() {
        take("");
        return { ids: ids.finish(), units: [...numbers.keys()] };
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
export function numberText(text: string | Uint8Array, unit: NormalTextData["unit"]): NumberedText {
  const numbering = numberings[unit]();
  numbering.push(text);
  return numbering.finish();
}

function textOf(piece: string | Uint8Array): string {
  return typeof piece === "string" ? piece : new TextDecoder().decode(piece);
}
