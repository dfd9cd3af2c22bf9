/**
 * Lists of floating-point numbers in memory or in a file, read whole or in windows across chunks, and rows of tables.
 */
import { describe, expect, test } from "vitest";
import { iterateRows } from "../../../../runtime/data/sources/table/row-order.js";
import { collectFloats } from "../../../../runtime/data/spill/float-list.js";

const PIECE = 2 ** 20;
const valueAt = (position: number) => (position % 1000) / 8;

describe.each([
  ["in memory", undefined],
  ["half in a file", 4 * PIECE],
  ["in a file", 0],
])("a list %s", (_, memoryLimit) => {
  test.each([2 * PIECE + 17, 2 * PIECE, 5, 0])("of %d numbers", (length) => {
    const collector = collectFloats.float32(memoryLimit);
    for (let position = 0; position < length; position++) collector.push(valueAt(position));
    const list = collector.finish();
    expect(list.length).toBe(length);
    const chunks = [...list.chunks()];
    expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(length);
    expect(chunks.flatMap((chunk) => [...chunk.slice(0, 2)])).toEqual(
      chunks.flatMap((_, index) => [valueAt(index * PIECE), valueAt(index * PIECE + 1)]),
    );
    const window = new Float32Array(12).fill(-1);
    for (const from of [0, PIECE - 5, 2 * PIECE + 7].filter((position) => position + 10 <= length)) {
      list.copy(window, 1, from, from + 10);
      expect([...window]).toEqual([-1, ...Array.from({ length: 10 }, (_, step) => valueAt(from + step)), -1]);
    }
  });
});

test("rows across chunks, forward and in reverse", () => {
  const width = 3;
  const rows = Math.floor((PIECE + 1000) / width);
  const collector = collectFloats.float64(0);
  for (let position = 0; position < rows * width; position++) collector.push(position);
  const list = collector.finish();
  const inOrder = (reverse: boolean) =>
    Array.from(iterateRows(list, width, reverse), ([first = -1]) => first / width).every(
      (row, index) => row === (reverse ? rows - 1 - index : index),
    );
  expect(inOrder(false)).toBe(true);
  expect(inOrder(true)).toBe(true);
});
