/** Tokenizers at any chunk boundary, and positions of units. */
import { expect, test } from "vitest";
import { toArray } from "../../../../runtime/data/spill/id-list.js";
import { locate, positionOf } from "../../../../runtime/data/vocabulary/locate.js";
import { createTokenizer, tokenizeText } from "../../../../runtime/data/vocabulary/tokenizers.js";

test.each(["char", "word", "byte"] as const)("pieces cut anywhere, in units of %s", (unit) => {
  const text = "to be, or not\u00a0to be:  héllo 🎈 wörld\r\nthat is \n";
  const points = [...text];
  const complete = tokenizeText(text, { unit });
  for (let offset = 0; offset <= points.length; offset++) {
    const numbering = createTokenizer({ unit });
    for (const chunk of [points.slice(0, offset), points.slice(offset, offset + 2), points.slice(offset + 2)])
      numbering.push(chunk.join(""));
    const { units, ids } = numbering.finish();
    expect(units).toEqual(complete.units);
    expect(toArray(ids)).toEqual(toArray(complete.ids));
  }
});

test("lines and columns for all line ends and chunk boundaries", () => {
  const text = "ab\r\ncd\re 🎈f\n\ngh";
  expect(positionOf(text, { unit: "char" }, 1)).toEqual({ line: 1, column: 2 });
  expect(positionOf(text, { unit: "char" }, 5)).toEqual({ line: 2, column: 2 });
  expect(positionOf(text, { unit: "char" }, 10)).toEqual({ line: 3, column: 4 });
  expect(positionOf(text, { unit: "word" }, 4)).toEqual({ line: 5, column: 1 });
  const locator = locate({ unit: "word" }, [1, 3, 4]);
  for (const character of text) if (!locator.push(character)) break;
  expect(locator.positions).toEqual([
    { line: 2, column: 1 },
    { line: 3, column: 3 },
    { line: 5, column: 1 },
  ]);
});
