/** Mutations of bytes: what transmission, truncation and malice do to a file. All of them follow from a seed. */
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Numbers that readers get wrong. */
const integers = [0, 1, 2, 7, 8, 127, 128, 255, 256, 32767, 65535, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const words = ["{", "}", "[", "]", '"', ",", ":", "\n", "\r", "\\", "'", "0", "-1", "1e999", "NaN", "__proto__", "\0"];

/** Functions, names, numbers, space, and all else one by one: what text is made of, as far as it matters here. */
const pieces = /[A-Za-z_]\w*(?:\(|'*)|\d+(?:\.\d*)?|\s+|./gs;
const wordKinds = [/^[A-Za-z_]\w*\($/, /^[A-Za-z_]/, /^\d/];
const kindOf = (piece) => wordKinds.findIndex((kind) => kind.test(piece));

export function mutator(seed) {
  const generator = xoroshiro128plus(seed);
  const below = (limit) => (limit <= 0 ? 0 : (generator.next() >>> 0) % limit);
  const pick = (list) => list[below(list.length)];
  const place = (bytes) => below(bytes.length + 1);
  const kinds = [
    (bytes) => {
      const at = place(bytes);
      return write(bytes, at, [(bytes[at] ?? 0) ^ (1 << below(8))]);
    },
    (bytes) => write(bytes, place(bytes), [below(256)]),
    (bytes) => bytes.subarray(0, place(bytes)),
    (bytes) => splice(bytes, place(bytes), 1 + below(16), []),
    (bytes) =>
      splice(
        bytes,
        place(bytes),
        0,
        Array.from({ length: 1 + below(16) }, () => below(256)),
      ),
    (bytes) => splice(bytes, place(bytes), below(4), Buffer.from(pick(words))),
    (bytes) => write(bytes, place(bytes), integer(pick(integers), pick([2, 4, 8]), below(2) === 0)),
    (bytes) => {
      const from = place(bytes);
      return splice(bytes, place(bytes), 0, bytes.subarray(from, from + below(64)));
    },
    (bytes, other) => splice(bytes, place(bytes), below(32), other.subarray(place(other), place(other) + below(64))),
    (bytes) => {
      const numbers = [...bytes.toString("latin1").matchAll(/\d+/g)];
      if (numbers.length === 0) return bytes;
      const { index, 0: digits } = pick(numbers);
      return splice(bytes, index, digits.length, Buffer.from(`${pick(integers)}`));
    },
  ];
  /** Names and numbers in each other's places: what is left may well have a meaning. */
  const reworded = (text, other) => {
    const words = text.match(pieces) ?? [];
    const places = [...words.keys()].filter((place) => kindOf(words[place]) >= 0);
    if (places.length === 0) return text;
    const place = pick(places);
    const alike = (other.match(pieces) ?? []).filter((word) => kindOf(word) === kindOf(words[place]));
    const word = alike.length === 0 ? words[place] : pick(alike);
    return words
      .with(
        place,
        kindOf(word) > 0 && below(4) === 0 ? `${words[place]} ${pick(["+", "-", "*", "/", "@", ">"])} ${word}` : word,
      )
      .join("");
  };
  return {
    /** One of the seeds, changed in a few places; where they are words, half of the time by words. */
    next(seeds, isText = false) {
      if (isText && below(2) === 0) {
        let text = `${pick(seeds)}`;
        for (let changes = 1 + below(3); changes > 0; changes--) text = reworded(text, `${pick(seeds)}`);
        return Buffer.from(text);
      }
      let bytes = Buffer.from(pick(seeds));
      for (let changes = 1 + below(4); changes > 0; changes--) bytes = pick(kinds)(bytes, Buffer.from(pick(seeds)));
      return bytes;
    },
  };
}

function write(bytes, at, values) {
  const copy = Buffer.from(bytes);
  for (const [index, value] of [...values].entries()) if (at + index < copy.length) copy[at + index] = value;
  return copy;
}

function splice(bytes, at, remove, insert) {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(insert), bytes.subarray(at + remove)]);
}

function integer(value, size, little) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  const low = bytes.subarray(0, size);
  return little ? low : low.reverse();
}
