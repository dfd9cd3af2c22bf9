/** Lists of ids: in memory or in a file, in one, two or four bytes each, whole or in windows across pieces. */
import { describe, expect, test } from "vitest";
import { arrayOf, collectIds } from "../../../runtime/data/ids.js";

const PIECE = 2 ** 20;

function listed(length: number, idAt: (place: number) => number, memory?: number) {
  const collector = collectIds(memory);
  for (let place = 0; place < length; place++) collector.push(idAt(place));
  return collector.finish();
}

describe.each([
  ["in memory", undefined],
  ["in a file", 0],
])("a list %s", (_, memory) => {
  test.each([
    ["bytes", 200],
    ["two bytes", 60_000],
    ["four bytes", 2 ** 24],
  ])("of ids of %s", (_, most) => {
    const idAt = (place: number) => (place * 7919) % most;
    const list = listed(2 * PIECE + 17, idAt, memory);
    expect(list.length).toBe(2 * PIECE + 17);
    const window = new Int32Array(12).fill(-1);
    for (const from of [0, PIECE - 5, 2 * PIECE + 7]) {
      list.copy(window, 1, from, from + 10);
      expect([...window]).toEqual([-1, ...Array.from({ length: 10 }, (_, step) => idAt(from + step)), -1]);
    }
    const pieces = [...list.pieces(PIECE - 3, 2 * PIECE + 2)].map((piece) => piece.length);
    expect(pieces).toEqual([PIECE, 5]);
  });
});

test("pieces of different widths, and tables upon tables", () => {
  const list = listed(PIECE + 4, (place) => (place < PIECE ? 1 : 70_000 + place - PIECE), 0);
  expect([...arrayOf(list).slice(PIECE - 1)]).toEqual([1, 70_000, 70_001, 70_002, 70_003]);
  const small = listed(5, (place) => place);
  expect([...arrayOf(small.mapped(Int32Array.of(4, 3, 2, 1, 0)).mapped(Int32Array.of(10, 11, 12, 13, 14)))]).toEqual([
    14, 13, 12, 11, 10,
  ]);
});
