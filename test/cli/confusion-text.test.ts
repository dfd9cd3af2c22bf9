/** Confusion matrices on terminals of several widths. */
import colors from "picocolors";
import { expect, test } from "vitest";
import { confusionText } from "../../cli/confusion-text.js";

const names = ["adjective", "noun", "verb"];
const counts = [
  ["85", "1", "0"],
  ["0", "241", "0"],
  ["0", "2", "120"],
];
const lines = (width: number) => confusionText(colors.createColors(false), names, counts, width).split("\n");

test("columns have the names of the classes where they fit", () => {
  expect(lines(32)).toEqual([
    "           adjective  noun  verb",
    "adjective         85     1     0",
    "noun               0   241     0",
    "verb               0     2   120",
  ]);
});

test("columns have the numbers of the classes on a narrow terminal", () => {
  expect(lines(31)).toEqual([
    "              0    1    2",
    "0 adjective  85    1    0",
    "1 noun        0  241    0",
    "2 verb        0    2  120",
  ]);
});
