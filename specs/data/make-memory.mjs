/**
 * Writes the tasks of the gallery that measure the memory of a cell, the same bytes every time: parity and
 * associative recall.
 *
 *     node specs/data/make-memory.mjs
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chance } from "./chance.mjs";

const folder = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const letters = [..."abcdefgh"];

// The last of each file are those of the validation split.
write("parity.jsonl.gz", [...many(1900, parity(chance(11), 1, 40)), ...many(100, parity(chance(12), 40, 256))]);
write("recall.jsonl.gz", many(10_000, recall(chance(15), 8)));

function many(count, example) {
  return Array.from({ length: count }, example);
}

function write(name, examples) {
  const lines = examples.map((example) => `${JSON.stringify(example)}\n`);
  writeFileSync(join(folder, name), gzipSync(lines.join(""), { level: 9 }));
}

/** Bits, and whether the number of ones so far is even or odd. */
function parity({ whole }, shortest, longest) {
  return () => {
    const tokens = Array.from({ length: whole(shortest, longest) }, () => String(whole(0, 1)));
    let ones = 0;
    const tags = tokens.map((bit) => {
      ones += Number(bit);
      return ones % 2 === 0 ? "even" : "odd";
    });
    return { tokens, tags };
  };
}

/** Pairs of a key and a value, then one of the keys: the label is its value. */
function recall({ whole, one }, count) {
  const keys = [..."ABCDEFGHIJKLMNOP"];
  return () => {
    const chosen = new Set();
    while (chosen.size < count) chosen.add(one(keys));
    const pairs = Array.from(chosen, (key) => [key, one(letters)]);
    const [key, label] = pairs[whole(0, count - 1)];
    return { tokens: [...pairs.flat(), key], label };
  };
}
