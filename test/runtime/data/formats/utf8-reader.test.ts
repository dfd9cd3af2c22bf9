/** Lines of a text in pieces are those of the whole text; a line without an end takes no memory. */
import { expect, test } from "vitest";
import { normalizeLineEnds, splitLines } from "../../../../runtime/data/formats/utf8-reader.js";

async function* chunksOf(...chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}

async function collectLines(maxLength: number, ...chunks: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(chunksOf(...chunks), maxLength)) lines.push(line);
  return lines;
}

test("pieces cut anywhere, whatever ends a line", async () => {
  const text = "a\r\nbc\n\rd\r\r\n\u2028e";
  const expected = ["a", "bc", "", "d", "", "\u2028e"];
  for (let splitAt = 0; splitAt <= text.length; splitAt++)
    for (let next = splitAt; next <= text.length; next++)
      expect(await collectLines(10, text.slice(0, splitAt), text.slice(splitAt, next), text.slice(next))).toEqual(
        expected,
      );
  expect(await collectLines(10, "a\n")).toEqual(["a"]);
  expect(await collectLines(10)).toEqual([]);
});

test("a line that is too long is cut where it is seen to be, and the next is whole", async () => {
  const lines = await collectLines(4, "abc", "de", "fg", "hi\njk\n");
  expect(lines).toEqual(["abcde", "jk"]);
});

test("line ends of all kinds become LF, however the text is cut", async () => {
  const text = "a\r\nb\rc\n\r\r\n\nd\r";
  for (let splitAt = 0; splitAt <= text.length; splitAt++) {
    let normalized = "";
    for await (const chunk of normalizeLineEnds(chunksOf(text.slice(0, splitAt), text.slice(splitAt))))
      normalized += chunk;
    expect(normalized).toBe("a\nb\nc\n\n\n\nd\n");
  }
});
