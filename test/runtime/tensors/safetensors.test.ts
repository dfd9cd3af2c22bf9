import { describe, expect, test } from "vitest";
import { readSafetensors, type Tensors, writeSafetensors } from "../../../runtime/tensors/safetensors.js";

const tensors: Tensors = new Map([
  ["rnn/0/W", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6.5) }],
  ["b", { shape: [1], data: Float32Array.of(-1e-8) }],
  ["scalar", { shape: [], data: Float32Array.of(7) }],
  ["empty", { shape: [0, 4], data: new Float32Array() }],
]);

function file(header: unknown, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const entry = (dtype: string, shape: readonly number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

function errorOf(bytes: Uint8Array) {
  const read = readSafetensors(bytes);
  return read.ok ? undefined : read.error;
}

function values(bytes: Uint8Array) {
  const read = readSafetensors(bytes);
  if (!read.ok) throw new Error(read.error);
  return Object.fromEntries([...read.value.tensors].map(([name, { data }]) => [name, [...data]]));
}

describe("writing", () => {
  test("a written file is read back with its metadata", () => {
    const read = readSafetensors(writeSafetensors(tensors, { spec: "abc" }));
    expect(read).toEqual({ ok: true, value: { tensors, metadata: { spec: "abc" } } });
    expect(readSafetensors(writeSafetensors(new Map()))).toEqual({
      ok: true,
      value: { tensors: new Map(), metadata: {} },
    });
  });

  test("the data is aligned to 8 bytes", () => {
    const bytes = writeSafetensors(tensors);
    expect(Buffer.from(bytes).readBigUInt64LE(0) % 8n).toBe(0n);
  });
});

describe("element types", () => {
  test.each([
    ["F64", new Uint8Array(Float64Array.of(0.1, -2).buffer), [Math.fround(0.1), -2]],
    ["F16", new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer), [1, -2]],
    ["BF16", new Uint8Array(Uint16Array.of(0x3f80, 0xc000).buffer), [1, -2]],
    ["I32", new Uint8Array(Int32Array.of(3, -4).buffer), [3, -4]],
    ["I64", new Uint8Array(BigInt64Array.of(3n, -4n).buffer), [3, -4]],
  ])("%s becomes float32", (dtype, data, expected) => {
    expect(values(file({ x: entry(dtype, [2], 0, data.length) }, data))).toEqual({ x: expected });
  });

  test("an empty tensor may share the offset of another", () => {
    const header = { full: entry("F32", [1], 0, 4), none: entry("F32", [0], 0, 0) };
    expect(values(file(header, new Uint8Array(4)))).toEqual({ full: [0], none: [] });
  });

  test("other element types are refused", () => {
    expect(errorOf(file({ x: entry("BOOL", [2], 0, 2) }, new Uint8Array(2)))).toBe(
      '"x" is of type BOOL, not one of F64, F32, F16, BF16, I64, I32',
    );
  });
});

describe("damage", () => {
  const eight = new Uint8Array(8);

  test.each([
    [
      "a hole",
      { a: entry("F32", [1], 0, 4), b: entry("F32", [0], 8, 8) },
      '"b" begins at byte 8, but the previous tensors end at 4',
    ],
    [
      "an overlap",
      { a: entry("F32", [2], 0, 8), b: entry("F32", [1], 4, 8) },
      '"b" begins at byte 4, but the previous tensors end at 8',
    ],
    ["a gap at the start", { a: entry("F32", [1], 4, 8) }, '"a" begins at byte 4, but the previous tensors end at 0'],
    [
      "bytes that belong to nothing",
      { a: entry("F32", [1], 0, 4) },
      "its tensors take 4 bytes, but 8 follow the header",
    ],
    ["a tensor past the end", { a: entry("F32", [3], 0, 12) }, "its tensors take 12 bytes, but 8 follow the header"],
    [
      "a size that does not match the shape",
      { a: entry("F32", [3], 0, 8) },
      '"a" of shape [3] needs 12 bytes, but has 8',
    ],
    [
      "a huge shape",
      { a: entry("F32", [2 ** 30, 2 ** 30], 0, 8) },
      '"a" of shape [1073741824, 1073741824] needs 4,611,686,018,427,388,000 bytes, but has 8',
    ],
    [
      "a negative size",
      { a: { dtype: "F32", shape: [-2], data_offsets: [0, 8] } },
      'its header has an invalid entry for "a"',
    ],
    ["a range that runs backwards", { a: entry("F32", [0], 8, 0) }, 'its header has an invalid entry for "a"'],
    ["a fraction", { a: entry("F32", [0.5], 0, 2) }, 'its header has an invalid entry for "a"'],
    ["an entry that is not an object", { a: 1 }, 'its header has an invalid entry for "a"'],
    ["metadata that is not a string", { __metadata__: { a: 1 } }, "its metadata is not an object of strings"],
    ["a list for a header", [], "its header is not a JSON object"],
    ["a header that is not JSON", "{", "its header is not JSON"],
  ])("%s is refused", (_, header, message) => {
    expect(errorOf(file(header, eight))).toBe(message);
  });

  test("an element type that is not a string, and names that are not text", () => {
    const numbered = { x: { dtype: 32, shape: [1], data_offsets: [0, 4] } };
    expect(errorOf(file(numbered, new Uint8Array(4)))).toBe('its header has an invalid entry for "x"');
    const bytes = file({ xy: entry("F32", [1], 0, 4) }, new Uint8Array(4));
    bytes[Buffer.from(bytes).indexOf("xy")] = 0xff;
    expect(errorOf(bytes)).toBe("its header is not JSON");
  });

  test("a header that declares too many bytes", () => {
    const bytes = Buffer.alloc(16, 255);
    expect(errorOf(bytes)).toBe(
      "its header declares 18,446,744,073,709,552,000 bytes, but at most 100,000,000 are allowed",
    );
    bytes.writeBigUInt64LE(9n);
    expect(errorOf(bytes)).toBe("it ends inside its header");
  });

  test("truncated files and trailing bytes are refused", () => {
    const complete = writeSafetensors(tensors);
    for (let length = 0; length < complete.length; length++)
      expect(errorOf(complete.subarray(0, length))).toBeTypeOf("string");
    expect(errorOf(Buffer.concat([complete, Buffer.alloc(1)]))).toBeTypeOf("string");
  });

  test("changing any byte does not throw", () => {
    const complete = writeSafetensors(tensors);
    for (let offset = 0; offset < complete.length; offset++) {
      for (const value of [0, 34, 57, 125, 255]) {
        const changed = Uint8Array.from(complete);
        changed[offset] = value;
        expect(() => readSafetensors(changed)).not.toThrow();
      }
    }
  });

  test("names of JavaScript's object properties are ordinary names", () => {
    const bytes = file('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', new Uint8Array(4));
    const read = readSafetensors(bytes);
    expect(read.ok && [...read.value.tensors.keys()]).toEqual(["__proto__"]);
  });
});
