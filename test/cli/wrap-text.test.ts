/** Text in lines as wide as a terminal, and tables in them. */
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { tableText } from "../../cli/table.js";
import { columnsOf, displayWidth, wrapText } from "../../cli/wrap-text.js";

const { createColors }: typeof import("picocolors") = createRequire(import.meta.url)("picocolors");

test("lines break at spaces, with the indentation of their line", () => {
  expect(wrapText("one two three\nfour", 8)).toBe("one two\nthree\nfour");
  expect(wrapText("  one two three", 9)).toBe("  one two\n  three");
  expect(wrapText("a  b   c", 20)).toBe("a  b   c");
  expect(wrapText("aaa  bbb   ccc", 8)).toBe("aaa  bbb\nccc");
  expect(wrapText("see /a/very/long/path now", 10)).toBe("see\n/a/very/long/path\nnow");
  expect(wrapText(`${" ".repeat(30)}one two`, 8)).toBe(`${" ".repeat(30)}one\ntwo`);
});

test("colors have no width", () => {
  const { red } = createColors(true);
  expect(displayWidth(red("ab"))).toBe(2);
  expect(wrapText(red("one two"), 7)).toBe(red("one two"));
});

test("a pipe has no columns", () => {
  expect(columnsOf({ isTTY: false, columns: 80 })).toBe(Number.POSITIVE_INFINITY);
  expect(columnsOf({ isTTY: true, columns: 0 })).toBe(80);
  expect(columnsOf({ isTTY: true, columns: 60 })).toBe(60);
});

const table = (width: number) =>
  tableText(
    createColors(false),
    [{ title: "name" }, { title: "description" }, { title: "count", align: "right" }],
    [
      ["a", "some words that explain it", "10"],
      ["long-name", "more", ""],
    ],
    width,
  ).split("\n");

test("the widest cells of a table are wrapped", () => {
  expect(table(80)).toEqual([
    "name       description                 count",
    "a          some words that explain it     10",
    "long-name  more",
  ]);
  expect(table(33)).toEqual([
    "name       description      count",
    "a          some words that     10",
    "           explain it",
    "long-name  more",
  ]);
});

test("a table whose words do not fit is a list", () => {
  expect(table(22)).toEqual([
    "a",
    "  description: some",
    "  words that explain",
    "  it",
    "  count: 10",
    "long-name",
    "  description: more",
  ]);
});
