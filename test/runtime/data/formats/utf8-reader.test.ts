/** Line splitting at any chunk boundary, and lines beyond the limit. */
import { expect, test } from "vitest";
import { encodingProblem, normalizeLineEnds, splitLines } from "../../../../runtime/data/formats/utf8-reader.js";

async function* chunksOf(...chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}

async function collectLines(maxLength: number, ...chunks: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(chunksOf(...chunks), maxLength)) lines.push(line);
  return lines;
}

test("lines for all line ends and chunk boundaries", async () => {
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

test("a too long line is truncated, and the next line is complete", async () => {
  const lines = await collectLines(4, "abc", "de", "fg", "hi\njk\n");
  expect(lines).toEqual(["abcde", "jk"]);
});

test("all line ends become LF at any chunk boundary", async () => {
  const text = "a\r\nb\rc\n\r\r\n\nd\r";
  for (let splitAt = 0; splitAt <= text.length; splitAt++) {
    let normalized = "";
    for await (const chunk of normalizeLineEnds(chunksOf(text.slice(0, splitAt), text.slice(splitAt))))
      normalized += chunk;
    expect(normalized).toBe("a\nb\nc\n\n\n\nd\n");
  }
});

test.each(["\n", "\r\n", "\r"])("bytes that are not UTF-8 have the line of the first, with %j", async (end) => {
  const text = ["é", "", "ok", "caf\u00e9 latin1", "more"].join(end);
  const bytes = Buffer.concat([Buffer.from(`é${end}${end}`), Buffer.from(text, "latin1")]);
  expect(await encodingProblem("", "t.txt", bytes)).toMatchObject({
    line: 3,
    message: "t.txt:3: The line is not UTF-8.",
  });
  const cut = Buffer.concat([Buffer.from(`a${end}b${end}`), Uint8Array.of(0xe2, 0x82)]);
  expect(await encodingProblem("", "t.txt", cut)).toMatchObject({ line: 3 });
});
