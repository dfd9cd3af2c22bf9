import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import type { NormalTextData } from "../../../../schema/normal/index.js";
import { specOf, textData, train } from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

async function open(data: Partial<NormalTextData>, folder = ".") {
  const opened = await openData(specOf({ data: { ...textData, ...data } }), folder);
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  return opened.value;
}

async function problems(data: Partial<NormalTextData>, folder = ".") {
  const opened = await openData(specOf({ data: { ...textData, ...data } }), folder);
  return opened.ok ? [] : opened.error;
}

describe("windows of a text", () => {
  test("hihello: ids in order of first appearance, the target is the next character", async () => {
    const source = await open({});
    expect(source.examples).toBe(1);
    expect(source.metadata).toEqual({ type: "text", unit: "char", vocabulary: ["h", "i", "e", "l", "o"] });
    const batch = source.batch([0]);
    expect(batch.get("inputs")).toEqual({ dtype: "int32", shape: [1, 6], data: Int32Array.of(0, 1, 0, 2, 3, 3) });
    expect(batch.get("targets")).toEqual({ dtype: "int32", shape: [1, 6], data: Int32Array.of(1, 0, 2, 3, 3, 4) });
  });

  test.each([
    { units: 7, window: 6, stride: 1, examples: 1 },
    { units: 8, window: 6, stride: 1, examples: 2 },
    { units: 180, window: 10, stride: 1, examples: 170 },
    { units: 20, window: 5, stride: 5, examples: 3 },
    { units: 21, window: 5, stride: 5, examples: 4 },
    { units: 21, window: 5, stride: 50, examples: 1 },
  ])(
    "$units units, window $window, stride $stride: $examples examples",
    async ({ units, window, stride, examples }) => {
      const source = await open({ text: "x".repeat(units), window, stride });
      expect(source.examples).toBe(examples);
      // The last target of the last window is inside the text.
      expect((examples - 1) * stride + window).toBeLessThan(units);
    },
  );

  test("windows at multiples of the stride, in the requested order", async () => {
    const source = await open({ text: "abcdefgh", window: 2, stride: 3 });
    expect(source.batch([1, 0]).get("inputs")?.data).toEqual(Int32Array.of(3, 4, 0, 1));
    expect(source.batch([1, 0]).get("targets")?.data).toEqual(Int32Array.of(4, 5, 1, 2));
  });

  test("a character is a code point", async () => {
    const source = await open({ text: "a😀é😀", window: 2 });
    expect(source.metadata.vocabulary).toEqual(["a", "😀", "é"]);
    expect(source.batch([1]).get("targets")?.data).toEqual(Int32Array.of(2, 1));
  });

  test("words are separated by white space", async () => {
    const source = await open({ text: " to be\tor  not\nto be ", unit: "word", window: 3 });
    expect(source.metadata.vocabulary).toEqual(["to", "be", "or", "not"]);
    expect(source.examples).toBe(3);
  });

  test("bytes of any file, UTF-8 or not", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "raw"), Uint8Array.of(255, 0, 255, 10));
    const source = await open({ text: null, file: "raw", unit: "byte", window: 3 }, folder);
    expect(source.metadata.vocabulary).toEqual([255, 0, 10]);
    expect(source.batch([0]).get("inputs")?.data).toEqual(Int32Array.of(0, 1, 0));
  });

  test("the signature has symbolic batch and time with expected sizes", async () => {
    const source = await open({ text: "abcabcabcabc", window: 4 });
    expect(source.signature({ ...train, batch_size: 3 })).toEqual({
      inputs: { dtype: "int32", shape: ["batch", "time"] },
      targets: { dtype: "int32", shape: ["batch", "time"] },
      sizes: { vocabulary: 3, classes: 3 },
      steps: 4,
      expected: { batch: 3, time: 4 },
    });
    expect(source.signature(train).expected.batch).toBe(8);
    expect(source.signature({ ...train, batch_size: 100 }).expected.batch).toBe(8);
  });

  test("a byte-order mark is not a character", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "t.txt"), "\uFEFFabc");
    expect((await open({ text: null, file: "t.txt", window: 2 }, folder)).metadata.vocabulary).toEqual(["a", "b", "c"]);
  });

  test("digests differ for different texts only", async () => {
    const digest = async (data: Partial<NormalTextData>) => (await open(data)).digest;
    expect(await digest({ window: 3 })).toBe(await digest({}));
    expect(await digest({ text: "hihellp" })).not.toBe(await digest({}));
    expect(await digest({ text: "hihellohi" })).not.toBe(await digest({}));
  });
});

describe("the vocabulary", () => {
  const vocabulary = (size: number | null, min_count = 1) => ({ vocabulary: { file: null, size, min_count } });
  const openWith = async (data: Partial<NormalTextData>) => (await open({ unit: "word", window: 1, ...data })).metadata;
  const ids = async (data: Partial<NormalTextData>) => {
    const source = await open({ unit: "word", window: 1, ...data });
    return Array.from({ length: source.examples }, (_, example) => source.batch([example]).get("inputs")?.data[0]);
  };

  test("rare words share one last id", async () => {
    const text = "a b a c b a d a";
    expect(await openWith({ text, ...vocabulary(null, 2) })).toEqual({
      type: "text",
      unit: "word",
      vocabulary: ["a", "b", "<unknown>"],
      unknown: 2,
    });
    expect(await ids({ text, ...vocabulary(null, 2) })).toEqual([0, 1, 0, 2, 1, 0, 2]);
  });

  test("a size keeps the most frequent units, first of equals, and includes the unknown token", async () => {
    const text = "d b c a a c";
    expect((await openWith({ text, ...vocabulary(3) })).vocabulary).toEqual(["c", "a", "<unknown>"]);
    expect((await openWith({ text, ...vocabulary(4) })).vocabulary).toEqual(["d", "b", "c", "a"]);
  });

  test("no unknown token when every unit has an id", async () => {
    expect(await openWith({ text: "a b a b", ...vocabulary(2, 2) })).not.toHaveProperty("unknown");
  });

  test("units of held-out splits only are unknown", async () => {
    const split = { train: 0.5, validation: 0, test: 0.5, order: "time" } as const;
    const source = await open({ text: "ababababcdcdcdcd", window: 2, split });
    expect(source.metadata).toMatchObject({ vocabulary: ["a", "b", "\uFFFD"], unknown: 2 });
    expect(source.signature(train)).toMatchObject({ sizes: { vocabulary: 3, classes: 3 } });
    const last = source.splits.test.slice(-1);
    expect(source.batch(last).get("targets")?.data).toEqual(Int32Array.of(2, 2));
  });

  test("characters and bytes have an unknown token", async () => {
    expect((await openWith({ text: "aab", unit: "char", ...vocabulary(null, 2) })).vocabulary).toEqual(["a", "\uFFFD"]);
    const bytes = await open({ text: "aab", unit: "byte", window: 1, ...vocabulary(null, 2) });
    expect(bytes.metadata.vocabulary).toEqual([97, -1]);
    expect(bytes.decode({ dtype: "float32", shape: [1, 2, 2], data: Float32Array.of(1, 0, 0, 1) })).toEqual([
      "a\uFFFD",
    ]);
  });
});

test("splits have no common targets", async () => {
  const split = { train: 0.6, validation: 0.2, test: 0.2, order: "time" } as const;
  const source = await open({ text: "abcdefghijklmnopqrstu", window: 3, split });
  expect([...source.splits.train]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect([...source.splits.validation]).toEqual([12, 13]);
  expect([...source.splits.test]).toEqual([16, 17]);
  expect(source.signature(train).expected.batch).toBe(10);
});

test("opens a large text quickly", async () => {
  const text = "all work and no play makes jack a dull boy ".repeat(30_000);
  // CPU time, independent of the load of the machine.
  const start = process.cpuUsage();
  const source = await open({ text, window: 50 });
  source.batch(Uint32Array.from({ length: 1000 }, (_, example) => example * 1000));
  expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
  expect(source.examples).toBe(text.length - 50);
});

describe("decoding", () => {
  const scores = (rows: readonly (readonly number[])[], size: number) => ({
    dtype: "float32" as const,
    shape: [rows.length, rows[0]?.length ?? 0, size],
    data: Float32Array.from(
      rows.flat().flatMap((id) => Array.from({ length: size }, (_, at) => (at === id ? 0.9 : 0.1))),
    ),
  });

  test("the most likely characters of each window", async () => {
    const source = await open({});
    expect(source.decode(scores([[1, 0, 2, 3, 3, 4]], 5))).toEqual(["ihello"]);
  });

  test("words are joined by spaces", async () => {
    const source = await open({ text: "to be or not", unit: "word", window: 2 });
    expect(
      source.decode(
        scores(
          [
            [3, 0],
            [1, 2],
          ],
          4,
        ),
      ),
    ).toEqual(["not to", "be or"]);
  });

  test("bytes are joined into characters again", async () => {
    const source = await open({ text: "é!é!", unit: "byte", window: 3 });
    expect(source.decode(scores([[0, 1, 2]], 3))).toEqual(["é!"]);
  });

  test("one score per window, for a single output", async () => {
    const source = await open({ text: "abcabc", window: 2 });
    const predictions = { dtype: "float32" as const, shape: [2, 3], data: Float32Array.of(0, 1, 0, 0, 0, 1) };
    expect(source.decode(predictions)).toEqual(["b", "c"]);
  });
});

describe("problems", () => {
  test("a text shorter than one window and its target", async () => {
    expect(await problems({ text: "hello" })).toEqual([
      {
        code: "text-too-short",
        path: "/data/window",
        message: "The text has 5 characters, but a window of 6 and the character after it need 7.",
        hint: "Use a window of at most 4, or a longer text.",
      },
    ]);
    expect(await problems({ text: "x", unit: "word" })).toEqual([
      {
        code: "text-too-short",
        path: "/data/window",
        message: "The text has 1 word, but a window of 6 and the word after it need 7.",
        hint: "Use a longer text.",
      },
    ]);
  });

  test("a missing file, or a folder", async () => {
    expect(await problems({ text: null, file: "no-such.txt" })).toEqual([
      {
        code: "file-missing",
        path: "/data/file",
        file: "no-such.txt",
        message: '"no-such.txt" does not exist.',
        hint: "Relative paths start from the spec's folder.",
      },
    ]);
    expect(await problems({ text: null, file: "." })).toEqual([
      { code: "file-unreadable", path: "/data/file", file: ".", message: '"." is a folder.', hint: "" },
    ]);
  });

  test("a file that is not UTF-8", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "latin1.txt"), Uint8Array.of(104, 233, 104, 104, 104, 104, 104, 104));
    expect(await problems({ text: null, file: "latin1.txt" }, folder)).toEqual([
      {
        code: "text-encoding",
        path: "/data/file",
        file: "latin1.txt",
        line: 1,
        message: "latin1.txt:1: The line is not UTF-8.",
        hint: 'Save it as UTF-8, or read its bytes with "unit": "byte".',
      },
    ]);
  });
});
