/**
 * Writes the tasks of the gallery that measure the memory of a cell, the same bytes every time: parity, selective
 * copying, associative recall.
 *
 *     node specs/data/make-memory.mjs
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chance } from "./chance.mjs";

const folder = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const letters = [..."abcdefgh"];

// The last examples of a file are those of the validation split, unless that has a file of its own.
write("parity.jsonl.gz", [...many(1900, parity(chance(11), 1, 40)), ...many(100, parity(chance(12), 40, 256))]);
write("copying-train.jsonl.gz", many(12_000, copying(chance(13), 16, 256, 4)));
write("copying-test.jsonl.gz", many(100, copying(chance(14), 256, 256, 4)));
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

/** Letters among noise, and at the end as many marks, for which they are repeated in order; more short than long ones. */
function copying({ uniform, whole, one }, shortest, longest, count) {
  return () => {
    const length = Math.round(shortest + (longest - shortest) * uniform() ** 3);
    const places = new Set();
    while (places.size < count) places.add(whole(0, length - count - 1));
    const copied = Array.from(places, () => one(letters));
    const ordered = [...places].sort((a, b) => a - b);
    const tokens = Array.from({ length }, (_, step) => {
      if (step >= length - count) return "?";
      return places.has(step) ? copied[ordered.indexOf(step)] : ".";
    });
    const tags = tokens.map((_, step) => copied[step - (length - count)] ?? ".");
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
