/** The units of a text, numbered in order of first appearance: code points, words between white space, or bytes. */
import { intern } from "./labels.js";

/** A byte is a number. */
export type Unit = string | number;

export interface NumberedText {
  readonly units: readonly Unit[];
  /** The unit at each place, as a place in `units`. */
  readonly ids: Int32Array;
}

export function numberBytes(bytes: Uint8Array): NumberedText {
  const numbers = new Map<number, number>();
  return { ids: Int32Array.from(bytes, (byte) => intern(numbers, byte)), units: [...numbers.keys()] };
}

export function numberCharacters(text: string): NumberedText {
  const numbers = new Map<number, number>();
  const ids = new Int32Array(text.length);
  let count = 0;
  for (let place = 0; place < text.length; ) {
    const point = text.codePointAt(place) ?? 0;
    ids[count++] = intern(numbers, point);
    place += point > 0xffff ? 2 : 1;
  }
  return { ids: ids.slice(0, count), units: Array.from(numbers.keys(), (point) => String.fromCodePoint(point)) };
}

export function numberWords(text: string): NumberedText {
  const numbers = new Map<string, number>();
  const ids: number[] = [];
  for (const [word] of text.matchAll(/\S+/gu)) ids.push(intern(numbers, word));
  return { ids: Int32Array.from(ids), units: [...numbers.keys()] };
}
