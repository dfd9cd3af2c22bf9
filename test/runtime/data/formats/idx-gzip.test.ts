/** Gzipped IDX files: no more is decompressed than their header declares. */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readIdx } from "../../../../runtime/data/formats/idx.js";

/** A header of unsigned bytes. */
const header = (...shape: readonly number[]) => {
  const bytes = Buffer.alloc(4 + 4 * shape.length);
  bytes.set([0, 0, 8, shape.length]);
  for (const [axis, size] of shape.entries()) bytes.writeUInt32BE(size, 4 + 4 * axis);
  return bytes;
};

test("a file of many members is read whole", () => {
  const pixels = Buffer.from(Array.from({ length: 6000 }, (_, index) => (index * 7919) % 251));
  const members = [header(6000), pixels.subarray(0, 2500), pixels.subarray(2500)].map((part) => gzipSync(part));
  const read = readIdx(Buffer.concat(members));
  expect(read).toMatchObject({ ok: true, value: { shape: [6000] } });
  expect(read.ok && Buffer.from(read.value.bytes).equals(pixels)).toBe(true);
});

test("members past the declared size are refused without memory for them", () => {
  const member = gzipSync(Buffer.alloc(2 ** 22));
  const file = Buffer.concat([gzipSync(header(100)), ...Array.from({ length: 500 }, () => member)]);
  const before = process.memoryUsage().rss;
  expect(readIdx(file)).toEqual({
    ok: false,
    error: "its header declares 108 bytes with the header, and it decompresses to more",
  });
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
});

test("a file that is cut ends early", () => {
  const file = gzipSync(
    Buffer.concat([header(5000), Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i) % 255))]),
  );
  expect(readIdx(file.subarray(0, file.length - 400))).toEqual({ ok: false, error: "its gzip data ends early" });
});
