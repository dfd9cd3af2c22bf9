import { describe, expect, test } from "vitest";
import { type CellSizes, declaredShapes, resolveSize, sizeNames } from "../../../compiler/language/size-expression.js";
import { definition, resolveCell } from "../../support/cell-definition.js";
import { lines } from "../../support/problem-lines.js";

const cell = resolveCell(definition({ options: { heads: 2, rate: 0.5, kind: "a", flag: true } }), {});

function resolve(size: string | number, sizes: CellSizes = { hidden_size: 8, input_size: "vocabulary" }) {
  return resolveSize(size, sizeNames(cell, sizes), "/size", () => {});
}

describe("a size", () => {
  test.each<[string | number, number | string]>([
    [3, 3],
    ["hidden_size", 8],
    ["4*hidden_size", 32],
    ["hidden_size / heads", 4],
    ["(hidden_size + 2) * 3 - -1", 31],
    ["rate * hidden_size", 4],
    ["input_size", "vocabulary"],
    ["2*input_size + hidden_size", "2*vocabulary+8"],
    ["(4*input_size + 2) / 2", "2*vocabulary+1"],
    ["input_size / 2", "(vocabulary)/2"],
    ["input_size / input_size", 1],
    ["hidden_size / input_size", "(8)/(vocabulary)"],
  ])("%s", (size, dim) => expect(resolve(size)).toBe(dim));
});

describe("an invalid size", () => {
  test.each<[string | number, string]>([
    [0, "size /size: 0 is not a size. A size is an integer from 1 to 2147483647."],
    ["-3", "size /size+0: -3 is not a size. A size is an integer from 1 to 2147483647."],
    [
      "hidden_size - 8",
      "size /size+0: hidden_size - 8 is 0, which is not a size. A size is an integer from 1 to 2147483647.",
    ],
    ["rate * 3", "size /size+0: rate * 3 is 1.5, which is not a size. A size is an integer from 1 to 2147483647."],
    [
      "999999*999999",
      "size /size+0: 999999*999999 is 999998000001, which is not a size. A size is an integer from 1 to 2147483647.",
    ],
    ["hidden_size/3", "size /size+11: 8 is not a multiple of 3"],
    ["hidden_size/0", "size /size+11: 8 is not a multiple of 0"],
    ["input_size/0", "size /size+10: vocabulary is not a multiple of 0"],
    ["4*hiden_size", 'unknown-size /size+2: unknown size "hiden_size". Did you mean "hidden_size"?'],
    ["2*kind", 'unknown-size /size+2: unknown size "kind". Sizes: heads, rate, hidden_size, input_size, head_size.'],
    [
      "4 hidden_size",
      'size-syntax /size+2: an operator is missing before "hidden_size". Write "*" for a product, "@" for a matrix product.',
    ],
    ["2 @ hidden_size", 'size-syntax /size+2: "@" is not allowed in a size. Use + - * and / only.'],
    ["1 + max(heads, 2)", "size-syntax /size+4: max(…) is not allowed in a size. Use + - * and / only."],
  ])("%s", (size, expected) => {
    const sizes = sizeNames(cell, { hidden_size: 8, input_size: "vocabulary" });
    expect(lines((report) => resolveSize(size, sizes, "/size", report))).toEqual([expected]);
  });
});

test("declared shapes, and the pointer of every invalid size", () => {
  const source = definition({
    options: { wide: true },
    state: { h: "hidden_size", s: 2 },
    parameters: { W: ["input_size", "2*hidden_size"], rate: [] },
    variants: { wide: { true: { parameters: { V: ["hidden", 0] } }, false: {} } },
  });
  const sizes = { hidden_size: 4, input_size: 3 };
  expect(declaredShapes(resolveCell(source, { wide: false }), sizes, "/cells/mine", () => {})).toEqual({
    inputs: {},
    states: { h: [4], s: [2] },
    parameters: { W: [3, 8], rate: [] },
  });
  expect(lines((report) => declaredShapes(resolveCell(source, {}), sizes, "/cells/mine", report))).toEqual([
    'unknown-size /cells/mine/variants/wide/true/parameters/V/0+0: unknown size "hidden". Did you mean "hidden_size"?',
    "size /cells/mine/variants/wide/true/parameters/V/1: 0 is not a size. A size is an integer from 1 to 2147483647.",
  ]);
});
