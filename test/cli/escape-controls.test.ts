/** Texts on one line of a terminal. */
import { expect, test } from "vitest";
import { visibleText } from "../../cli/escape-controls.js";

test.each([
  ["plain text", "plain text"],
  ['he said "hi"', 'he said "hi"'],
  ["", '""'],
  ["   ", '"   "'],
  [" a", '" a"'],
  ["a\n", '"a\\n"'],
  ["a\nb", '"a\\nb"'],
  ['\u001b"\u0085', '"\\u001b\\"\\u0085"'],
])("%j is shown as %s", (text, shown) => {
  expect(visibleText(text)).toBe(shown);
});
