/** Units of texts that come in pieces are those of the whole; places of units as lines and columns. */
import { expect, test } from "vitest";
import { arrayOf } from "../../../runtime/data/ids.js";
import { locate, positionOf } from "../../../runtime/data/positions.js";
import { numberings, numberText } from "../../../runtime/data/units.js";

test.each(["char", "word", "byte"] as const)("pieces cut anywhere, in units of %s", (unit) => {
  const text = "to be, or not\u00a0to be:  héllo 🎈 wörld\r\nthat is \n";
  const points = [...text];
  const whole = numberText(text, unit);
  for (let cut = 0; cut <= points.length; cut++) {
    const numbering = numberings[unit]();
    for (const part of [points.slice(0, cut), points.slice(cut, cut + 2), points.slice(cut + 2)])
      numbering.push(part.join(""));
    const { units, ids } = numbering.finish();
    expect(units).toEqual(whole.units);
    expect(arrayOf(ids)).toEqual(arrayOf(whole.ids));
  }
});

test("places as lines and columns, whatever ends a line and wherever a piece ends", () => {
  const text = "ab\r\ncd\re 🎈f\n\ngh";
  expect(positionOf(text, "char", 1)).toEqual({ line: 1, column: 2 });
  expect(positionOf(text, "char", 5)).toEqual({ line: 2, column: 2 });
  expect(positionOf(text, "char", 10)).toEqual({ line: 3, column: 4 });
  expect(positionOf(text, "word", 4)).toEqual({ line: 5, column: 1 });
  const locator = locate("word", [1, 3, 4]);
  for (const character of text) if (!locator.push(character)) break;
  expect(locator.positions).toEqual([
    { line: 2, column: 1 },
    { line: 3, column: 3 },
    { line: 5, column: 1 },
  ]);
});
