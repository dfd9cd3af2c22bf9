/** Lists of ids in memory or in a file, in 1, 2 or 4 bytes each, read whole or in windows across chunks. */
import { describe, expect, test } from "vitest";
import { collectIds, toArray } from "../../../../runtime/data/spill/id-list.js";

const PIECE = 2 ** 20;

function createList(length: number, idAt: (index: number) => number, memoryLimit?: number) {
  const collector = collectIds(memoryLimit);
  for (let index = 0; index < length; index++) collector.push(idAt(index));
  return collector.finish();
}

describe.each([
  ["in memory", undefined],
  ["in a file", 0],
])("a list %s", (_, memoryLimit) => {
  test.each([
    ["bytes", 200],
    ["two bytes", 60_000],
    ["four bytes", 2 ** 24],
  ])("of ids of %s", (_, maxId) => {
    const idAt = (index: number) => (index * 7919) % maxId;
    const list = createList(2 * PIECE + 17, idAt, memoryLimit);
    expect(list.length).toBe(2 * PIECE + 17);
    const window = new Int32Array(12).fill(-1);
    for (const from of [0, PIECE - 5, 2 * PIECE + 7]) {
      list.copy(window, 1, from, from + 10);
      expect([...window]).toEqual([-1, ...Array.from({ length: 10 }, (_, step) => idAt(from + step)), -1]);
    }
    const chunks = [...list.chunks(PIECE - 3, 2 * PIECE + 2)].map((chunk) => chunk.length);
    expect(chunks).toEqual([PIECE, 5]);
  });
});

test("chunks of different widths, and nested mappings", () => {
  const list = createList(PIECE + 4, (index) => (index < PIECE ? 1 : 70_000 + index - PIECE), 0);
  expect([...toArray(list).slice(PIECE - 1)]).toEqual([1, 70_000, 70_001, 70_002, 70_003]);
  const small = createList(5, (index) => index);
  expect([...toArray(small.mapIds(Int32Array.of(4, 3, 2, 1, 0)).mapIds(Int32Array.of(10, 11, 12, 13, 14)))]).toEqual([
    14, 13, 12, 11, 10,
  ]);
});
