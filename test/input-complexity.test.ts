/**
 * What reading costs grows as the text does: strings that a careless pattern would go over from each of their characters are read in a
 * moment, where their square would take hours and end the test.
 */
import { describe, expect, test } from "vitest";
import { tokenize } from "../compiler/language/parse/tokens.js";
import { readNpy } from "../runtime/data/formats/npy.js";
import { parseNumber } from "../runtime/data/formats/number-notation.js";
import { readArray } from "../runtime/data/formats/read-array.js";
import { createTokenizer, tokenizeText } from "../runtime/data/vocabulary/tokenizers.js";
import { isList, isObject, type Json } from "../schema/json-pointer.js";
import { readSpec } from "../schema/read.js";

const long = 2 ** 19;
const times = (text: string, end = "") => text.repeat(Math.ceil(long / text.length)) + end;

/** Beginnings that many patterns like, and ends that they do not. */
const adversarialInputs: Readonly<Record<string, string>> = {
  digits: times("1", "x"),
  "signs and exponents": times("1e+", "x"),
  letters: times("a", "\n"),
  capitals: times("aA", "\n"),
  spaces: times(" ", "x"),
  dashes: times("-", "x"),
  archives: times("x.npz#", "\n"),
  primes: times("a'", "\n"),
  brackets: times("(", ")"),
  operators: times("a+", "\n"),
};

const spec = {
  name: "costly",
  data: { type: "arrays", inputs: "x.npz#x", targets: "y.json", lengths: "l.npy" },
  cells: {
    mine: {
      options: { kind: "a" },
      state: { h: "hidden_size" },
      parameters: { W: ["input_size", "2 * hidden_size"] },
      initializers: { W: "orthogonal" },
      equations: ["a, b = split(x @ W, 2)", "h' = tanh(a * b)"],
      output: "h'",
      variants: { kind: { a: {} } },
    },
  },
  model: [
    { layer: "rnn", cell: "mine", hidden_size: 3, return: "last" },
    { layer: "dense", size: 1, activation: "relu" },
  ],
  loss: { type: "squared_error" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
};

/** The value with another text in the place of one of its strings, each in turn. */
function* withString(value: Json, text: string): Generator<Json> {
  if (typeof value === "string") yield text;
  if (isList(value))
    for (const [index, entry] of value.entries())
      for (const next of withString(entry, text)) yield value.with(index, next);
  if (isObject(value))
    for (const [key, entry] of Object.entries(value))
      for (const next of withString(entry, text)) yield { ...value, [key]: next };
}

/** The value with another text in the place of one of its keys, each in turn. */
function* withKey(value: Json, text: string): Generator<Json> {
  if (isList(value))
    for (const [index, entry] of value.entries())
      for (const next of withKey(entry, text)) yield value.with(index, next);
  if (!isObject(value)) return;
  for (const [key, entry] of Object.entries(value)) {
    const { [key]: _, ...others } = value;
    yield { ...others, [text]: entry };
    for (const next of withKey(entry, text)) yield { ...value, [key]: next };
  }
}

async function readAll(specs: Iterable<Json>): Promise<number> {
  let count = 0;
  for (const changed of specs) {
    count++;
    const read = await readSpec(JSON.stringify(changed));
    if (!read.ok) for (const { message } of read.diagnostics) expect(message.length).toBeLessThan(2000);
  }
  return count;
}

describe.each(Object.entries(adversarialInputs))("%s", (_, text) => {
  test("in the place of any string of a spec", async () => {
    expect(await readAll(withString(spec, text))).toBeGreaterThan(15);
  });

  test("as a spec", async () => {
    for (const document of [text, `{"name": "${text.trimEnd()}`, `{"name": ${text}}`, `{"name": "a"}${text}`])
      expect(await readSpec(document)).toMatchObject({ ok: false });
  });

  test("as an equation, a field, words, a file", () => {
    expect(tokenize(text).tokens.length).toBeLessThan(1001);
    expect(parseNumber(text)).toBeNaN();
    expect(tokenizeText(`${text} `, { unit: "word" }).units.length).toBeLessThan(3);
    expect(readArray(`${text}.json`, "/", "inputs", "/data/inputs")).toMatchObject({ ok: false });
    expect(readArray(text, "/", "inputs", "/data/inputs")).toMatchObject({ ok: false });
  });
});

test.each(["capitals", "dashes"])("%s in the place of any key of a spec", async (name) => {
  expect(await readAll(withKey(spec, adversarialInputs[name] ?? ""))).toBeGreaterThan(30);
});

test("a number of many digits is one", () => {
  expect(parseNumber(times("1"))).toBe(Number.POSITIVE_INFINITY);
  expect(parseNumber(times("0", "1."))).toBe(1);
});

test("a word that goes on through many pieces is put together once, and one without end is refused", () => {
  const chunks = createTokenizer({ unit: "word" });
  for (let count = 0; count < 200; count++) chunks.push("a".repeat(65_536));
  chunks.push(" b");
  expect(chunks.finish().units.map((unit) => `${unit}`.length)).toEqual([200 * 65_536, 1]);
  const endless = createTokenizer({ unit: "word" });
  expect(() => {
    for (let count = 0; count < 300; count++) endless.push("a".repeat(65_536));
  }).toThrow();
});

test("an NPY header of megabytes is refused unread", () => {
  const file = Buffer.alloc(2 ** 22, " ");
  file.write("\x93NUMPY\x02\x00", "latin1");
  file.writeUInt32LE(2 ** 21, 8);
  expect(readNpy(file)).toMatchObject({ ok: false, error: expect.stringContaining("longer than 65,536") });
});
