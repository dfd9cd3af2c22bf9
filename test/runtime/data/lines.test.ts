/** Lines of a text in pieces are those of the whole text; a line without an end takes no memory. */
import { expect, test } from "vitest";
import { linesOf } from "../../../runtime/data/lines.js";

async function* piecesOf(...pieces: readonly string[]): AsyncGenerator<string> {
  yield* pieces;
}

async function collected(longest: number, ...pieces: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(piecesOf(...pieces), longest)) lines.push(line);
  return lines;
}

test("pieces cut anywhere, whatever ends a line", async () => {
  const text = "a\r\nbc\n\rd\r\r\n\u2028e";
  const expected = ["a", "bc", "", "d", "", "\u2028e"];
  for (let cut = 0; cut <= text.length; cut++)
    for (let next = cut; next <= text.length; next++)
      expect(await collected(10, text.slice(0, cut), text.slice(cut, next), text.slice(next))).toEqual(expected);
  expect(await collected(10, "a\n")).toEqual(["a"]);
  expect(await collected(10)).toEqual([]);
});

test("a line that is too long is cut where it is seen to be, and the next is whole", async () => {
  const lines = await collected(4, "abc", "de", "fg", "hi\njk\n");
  expect(lines).toEqual(["abcde", "jk"]);
});
