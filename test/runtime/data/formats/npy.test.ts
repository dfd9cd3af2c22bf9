import { describe, expect, test } from "vitest";
import { readNpy, writeNpy } from "../../../../runtime/data/formats/npy.js";

/** A file as numpy writes it: the header padded with spaces to a multiple of 64. */
function npy(header: string, data: Uint8Array, major = 1): Uint8Array {
  const size = major === 1 ? 2 : 4;
  const length = Math.ceil((8 + size + header.length + 1) / 64) * 64 - 8 - size;
  const headerBytes = Buffer.alloc(8 + size);
  headerBytes.write("\x93NUMPY", 0, "latin1");
  headerBytes.writeUInt8(major, 6);
  if (major === 1) headerBytes.writeUInt16LE(length, 8);
  else headerBytes.writeUInt32LE(length, 8);
  return Buffer.concat([headerBytes, Buffer.from(`${header.padEnd(length - 1)}\n`), data]);
}

const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

function read(bytes: Uint8Array) {
  const result = readNpy(bytes);
  if (!result.ok) throw new Error(result.error);
  return { ...result.value, values: [...result.value.values] };
}

function errorOf(bytes: Uint8Array) {
  const result = readNpy(bytes);
  return result.ok ? undefined : result.error;
}

const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const swapped = (array: ArrayBufferView, width: number) => {
  const copy = Uint8Array.from(bytes(array));
  for (let offset = 0; offset < copy.length; offset += width) copy.subarray(offset, offset + width).reverse();
  return copy;
};

describe("element types", () => {
  test.each([
    { descr: "i1", data: Int8Array.of(-128, 0, 127), width: 1 },
    { descr: "i2", data: Int16Array.of(-32768, 0, 32767), width: 2 },
    { descr: "i4", data: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1), width: 4 },
    { descr: "i8", data: BigInt64Array.of(-5n, 0n, 2n ** 40n), width: 8 },
    { descr: "u1", data: Uint8Array.of(0, 1, 255), width: 1 },
    { descr: "u2", data: Uint16Array.of(0, 1, 65535), width: 2 },
    { descr: "u4", data: Uint32Array.of(0, 1, 2 ** 32 - 1), width: 4 },
    { descr: "u8", data: BigUint64Array.of(0n, 1n, 2n ** 40n), width: 8 },
    { descr: "f4", data: Float32Array.of(-1.5, 0, 3.25), width: 4 },
    { descr: "f8", data: Float64Array.of(-0.1, 0, 1e300), width: 8 },
  ])("$descr, in both byte orders", ({ descr, data, width }) => {
    const expected = { shape: [3], isInteger: !descr.startsWith("f"), values: Array.from(data, Number) };
    expect(read(npy(header(`<${descr}`, "(3,)"), bytes(data)))).toEqual(expected);
    expect(read(npy(header(`>${descr}`, "(3,)"), swapped(data, width)))).toEqual(expected);
  });

  test("f2, with subnormal numbers and infinity", () => {
    const data = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e00, 0x3555);
    const { values } = read(npy(header("<f2", "(6,)"), bytes(data)));
    expect(values).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY, Number.NaN, 0.333251953125]);
  });

  test("booleans are integers", () => {
    expect(read(npy(header("|b1", "(3,)"), Uint8Array.of(0, 1, 1)))).toEqual({
      shape: [3],
      isInteger: true,
      values: [0, 1, 1],
    });
  });
});

describe("headers", () => {
  const data = bytes(Float32Array.of(1, 2, 3, 4, 5, 6));

  test.each([1, 2, 3])("format version %i", (major) => {
    expect(read(npy(header("<f4", "(2, 3)"), data, major)).values).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("column-major order", () => {
    expect(read(npy(header("<f4", "(2, 3)", "True"), data))).toMatchObject({
      shape: [2, 3],
      values: [1, 3, 5, 2, 4, 6],
    });
    const cube = bytes(Int8Array.from({ length: 24 }, (_, index) => index));
    const { values } = read(npy(header("|i1", "(2, 3, 4)", "True"), cube));
    expect(values.slice(0, 5)).toEqual([0, 6, 12, 18, 2]);
  });

  test("members in any order, double quotes, shapes of Python 2, a scalar", () => {
    expect(read(npy(`{"shape": (6L,), "descr": "<f4", "fortran_order": False}`, data)).shape).toEqual([6]);
    expect(read(npy(header("<f4", "()"), data.subarray(0, 4)))).toEqual({ shape: [], isInteger: false, values: [1] });
    expect(read(npy(header("<f4", "(0, 3)"), new Uint8Array()))).toMatchObject({ shape: [0, 3], values: [] });
  });

  test.each([
    ["a missing member", "{'descr': '<f4', 'shape': (6,), }"],
    ["a duplicate member", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,), }"],
    ["another member", "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'more': 1, }"],
    ["a record type", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }"],
    ["a negative size", "{'descr': '<f4', 'fortran_order': False, 'shape': (-6,), }"],
    ["not a dict", "nothing"],
    ["something after the dict", "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), } + 1"],
  ])("%s is refused", (_, text) => {
    expect(errorOf(npy(text, data))).toBe("its header does not describe a plain array");
  });

  test("unsupported element types are named", () => {
    expect(errorOf(npy(header("<c8", "(3,)"), data))).toBe(
      "its elements are of type c8 (complex numbers), not one of b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4, f8",
    );
  });

  test("a size beyond the file is refused before allocation", () => {
    expect(errorOf(npy(header("<f4", "(1000000000, 1000000000)"), data))).toBe(
      "its header declares 4,000,000,000,000,000,000 bytes of data, but it has 24",
    );
  });

  test("an unknown format version", () => {
    expect(errorOf(npy(header("<f4", "(6,)"), data, 4))).toBe("its format version 4.0 is not supported");
  });
});

describe("damage", () => {
  const complete = npy(header("<f4", "(2, 3)"), bytes(Float32Array.of(1, 2, 3, 4, 5, 6)));

  test("truncated files are refused", () => {
    for (let length = 0; length < complete.length; length++)
      expect(errorOf(complete.subarray(0, length))).toBeTypeOf("string");
    expect(errorOf(complete.subarray(0, complete.length - 1))).toBe(
      "its header declares 24 bytes of data, but it has 23",
    );
    expect(errorOf(complete.subarray(0, 20))).toBe("it ends inside its header");
    expect(errorOf(new Uint8Array())).toBe("it is not an NPY file");
  });

  test("trailing bytes are refused", () => {
    expect(errorOf(Buffer.concat([complete, Buffer.alloc(1)]))).toBe(
      "its header declares 24 bytes of data, but it has 25",
    );
  });

  test("changing any byte does not throw", () => {
    for (let offset = 0; offset < complete.length; offset++) {
      for (const value of [0, 32, 39, 57, 255]) {
        const changed = Uint8Array.from(complete);
        changed[offset] = value;
        expect(() => readNpy(changed)).not.toThrow();
      }
    }
  });
});

test("a written file is read back", () => {
  const values = Float32Array.of(1, -2.5, 3e-8, 4, 5, 6);
  for (const shape of [[6], [2, 3], [1, 2, 3]]) {
    const file = writeNpy(shape, values);
    expect(file.length % 64).toBe(24);
    expect(read(file)).toEqual({ shape, isInteger: false, values: [...values] });
  }
});
