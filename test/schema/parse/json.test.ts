/** Invalid or oversized JSON text: one diagnostic at the right position, without exceptions. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDocument } from "../../../schema/parse/json.js";
import { lines } from "../../support/read-spec.js";
import { root } from "../../support/spawn.js";

function problemsIn(text: string): readonly string[] {
  const result = parseDocument(text, "spec.json");
  return result.ok ? [] : lines(result.diagnostics);
}

describe("syntax", () => {
  test.each([
    ["", "1:1 empty | The text is empty. | A spec is a JSON object: { … }."],
    [
      '{\n  // no\n  "a": 1 }',
      "2:3 comment | Comments are not allowed here. | A spec is strict JSON. Remove the comment.",
    ],
    ['{ "a": 1 } # no', "1:12 comment | Comments are not allowed here. | A spec is strict JSON. Remove the comment."],
    [
      '{\n  "a": 1,\n}',
      "2:9 trailing-comma | Trailing comma after the last entry. | A spec is strict JSON. Remove the comma.",
    ],
    [
      '{"a": [1, 2,]}',
      "1:12 trailing-comma | Trailing comma after the last entry. | A spec is strict JSON. Remove the comma.",
    ],
    ["{'a': 1}", "1:2 syntax | Strings need double quotes. | Write \"…\" instead of '…'."],
    ["{a: 1}", '1:2 syntax | "a" needs double quotes. | Write keys and strings in double quotes.'],
    ['{"a": lstm}', '1:7 syntax | "lstm" needs double quotes. | Write keys and strings in double quotes.'],
    [
      '{"a": NaN}',
      "1:7 syntax | NaN is not a JSON value. | JSON has true, false, null, numbers and strings in double quotes.",
    ],
    [
      '{"a": True}',
      "1:7 syntax | True is not a JSON value. | JSON has true, false, null, numbers and strings in double quotes.",
    ],
    ['{"a": 01}', "1:7 syntax | A number cannot start with 0. | Remove the leading zero."],
    ['{"a": +1}', '1:7 syntax | A number cannot start with "+". | Write 0.5, -1 or 1e-3.'],
    ['{"a": .5}', '1:7 syntax | A number cannot start with ".". | Write 0.5, -1 or 1e-3.'],
    [
      '{"a": 1\n "b": 2}',
      "2:2 syntax | A comma or a colon is missing before this. | Entries are separated by commas; a key and its value by a colon.",
    ],
    [
      '{"a" 1}',
      "1:6 syntax | A comma or a colon is missing before this. | Entries are separated by commas; a key and its value by a colon.",
    ],
    [
      '{"a": }',
      '1:7 syntax | A key, a value or a bracket is missing before this "}". | Complete the entry, or remove the character.',
    ],
    ['{"a": "\\x"}', "1:8 syntax | \\x is not an escape sequence in JSON. | Write a backslash as \\\\."],
    ['{"a": "\\u12"}', "1:11 syntax | \\u needs four hexadecimal digits. | For example \\u00e9."],
    [
      '{"a": "b\n"}',
      '1:7 syntax | The string that starts here is not closed on its line. | Close it with ", and write a line break inside text as \\n.',
    ],
    ['{"a": "\t"}', "1:8 syntax | Control characters inside a string must be escaped. | Write \\t instead."],
    ['{"a": "\u0001"}', "1:8 syntax | Control characters inside a string must be escaped. | Write \\u0001 instead."],
    ["{}\0", "1:3 nul-character | The text contains a NUL character. | Is this a text file?"],
    [
      '{"a": 1}}',
      "1:9 syntax | Unexpected text after the end of the spec. | Look for a bracket that is closed too early, or for a second object.",
    ],
    ['{"a": @}', '1:7 syntax | Unexpected character "@". | A spec is strict JSON.'],
  ])("%j", (text, expected) => {
    expect(problemsIn(text)).toEqual([expected]);
  });

  test.each([
    [
      '{\n  "model": [\n    { "layer": "rnn"',
      "3:21 truncated | The text ends before the spec is complete: 3 brackets are still open. | The innermost opens in line 3. Check that the file is complete.",
    ],
    [
      '{"a": [1, 2,',
      "1:13 truncated | The text ends before the spec is complete: 2 brackets are still open. | The innermost opens in line 1. Check that the file is complete.",
    ],
    [
      '{\n"name": "hel',
      "2:13 truncated | The text ends before the spec is complete: a string is still open. | The innermost opens in line 2. Check that the file is complete.",
    ],
    [
      '{"a": tru',
      "1:10 truncated | The text ends before the spec is complete: 1 bracket is still open. | The innermost opens in line 1. Check that the file is complete.",
    ],
    [
      "{",
      "1:2 truncated | The text ends before the spec is complete: 1 bracket is still open. | The innermost opens in line 1. Check that the file is complete.",
    ],
  ])("truncated: %j", (text, expected) => {
    expect(problemsIn(text)).toEqual([expected]);
  });

  test.each(["hihello", "translate"])("every beginning of %s.json is truncated, at its end", (name) => {
    const text = readFileSync(join(root, `specs/${name}.json`), "utf8").trimEnd();
    for (let length = 1; length < text.length; length++) {
      const lines = text.slice(0, length).trimEnd().split("\n");
      const position = `${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
      const [problem] = problemsIn(text.slice(0, length));
      expect(problem).toMatch(new RegExp(`^${position} truncated `));
    }
  });

  test.each(['{"a": [1, 2}', '{"a" 1', "{'a': 1", '{"a": 1, b: 2', '{"a": 1 "b": 2'])("not truncated: %j", (text) => {
    expect(problemsIn(text)).toEqual([expect.stringMatching(/^1:\d+ syntax /)]);
  });
});

describe("content", () => {
  test("a duplicate key", () => {
    expect(problemsIn('{\n  "a": 1,\n  "b": { "c": 1, "c": 2 },\n  "a": 2\n}')).toEqual([
      '3:18 duplicate-key /b/c | Duplicate key "c". | The first is in line 3. Keep one of them.',
      '4:3 duplicate-key /a | Duplicate key "a". | The first is in line 2. Keep one of them.',
    ]);
  });

  test("keys are compared after unescaping", () => {
    expect(problemsIn('{ "a": 1, "\\u0061": 2 }')).toEqual([
      '1:11 duplicate-key /a | Duplicate key "a". | The first is in line 1. Keep one of them.',
    ]);
  });

  test.each(["__proto__", "constructor", "prototype"])("the key %s", (key) => {
    expect(problemsIn(`{ "data": { "${key}": {} } }`)).toEqual([
      `1:13 forbidden-key /data/${key} | The key "${key}" is not allowed. | Remove it.`,
    ]);
  });

  test("a number out of range", () => {
    expect(problemsIn('{ "seed": [1, -1e999] }')).toEqual([
      "1:15 number-overflow /seed/1 | The number is out of the range of float64. | The largest number is 1.8e308.",
    ]);
  });

  test("100,000 levels, open or closed", () => {
    const expected = ["1:65 too-deep | The text nests deeper than 64 levels. | Check that this is the right file."];
    expect(problemsIn("[".repeat(100_000))).toEqual(expected);
    expect(problemsIn("[".repeat(100_000) + "]".repeat(100_000))).toEqual(expected);
    expect(problemsIn("[".repeat(64) + "]".repeat(64))).toEqual([]);
  });

  test("too many values", () => {
    expect(problemsIn(`[${"1,".repeat(250_001)}1]`)).toEqual([
      "1:500003 too-many-values | The text has more than 250,000 values. | Store large arrays in .npy files and name those files in the spec.",
    ]);
  });
});

describe("position", () => {
  const text =
    '{\r\n  "cells": {\r\n    "m": { "equations": ["n = \\"\\u00e9\\" x", "h\' = n"] } },\r\n  "list": [1, { "k~/": 2 }]\r\n}';
  const placed = (problem: { path: string; atKey?: boolean; offset?: number }) => {
    const result = parseDocument(text, "spec.json");
    if (!result.ok) throw new Error("the text is right");
    const { path, line, column } = result.document.locate({ code: "c", message: "m", ...problem });
    return `${path} ${line}:${column}`;
  };

  test("values, keys and the document", () => {
    expect(placed({ path: "" })).toBe(" 1:1");
    expect(placed({ path: "/cells/m" })).toBe("/cells/m 3:10");
    expect(placed({ path: "/cells/m", atKey: true })).toBe("/cells/m 3:5");
    expect(placed({ path: "/list/1/k~0~1" })).toBe("/list/1/k~0~1 4:24");
  });

  test("an offset into a string counts an escape as one character", () => {
    expect(placed({ path: "/cells/m/equations/1", offset: 5 })).toBe("/cells/m/equations/1 3:52");
    expect(placed({ path: "/cells/m/equations/0", offset: 0 })).toBe("/cells/m/equations/0 3:27");
    expect(placed({ path: "/cells/m/equations/0", offset: 8 })).toBe("/cells/m/equations/0 3:42");
  });

  test("an absent path has the position of its nearest ancestor", () => {
    expect(placed({ path: "/cells/m/output", offset: 3 })).toBe("/cells/m 3:10");
    expect(placed({ path: "/list/7/x" })).toBe("/list 4:11");
  });
});

test("accepts what JSON.parse accepts, with the same value", () => {
  const json = fc.json({ maxDepth: 4 }).filter((text) => !/__proto__|constructor|prototype/.test(text));
  fc.assert(
    fc.property(json, (text) => {
      const result = parseDocument(text, "spec.json");
      expect(result.ok && result.document.value).toEqual(JSON.parse(text));
    }),
  );
});

test("refuses what JSON.parse refuses, with one diagnostic inside the text", () => {
  const fragments = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    '"',
    ",",
    ":",
    "1",
    "-",
    ".",
    "e",
    "\\",
    "u",
    "/",
    "*",
    "#",
    "'",
    " ",
    "\n",
    "\t",
    "\0",
    "true",
    "nul",
    '"a"',
    "é",
    "😀",
    "\ufeff",
    "\u2028",
  );
  fc.assert(
    fc.property(fc.array(fragments, { maxLength: 20 }), (parts) => {
      const text = parts.join("");
      const result = parseDocument(text, "spec.json");
      let accepted = true;
      try {
        JSON.parse(text);
      } catch {
        accepted = false;
      }
      if (result.ok) expect(accepted).toBe(true);
      else {
        expect(result.diagnostics.length).toBeGreaterThan(0);
        for (const { line, column, message } of result.diagnostics) {
          expect(line).toBeGreaterThan(0);
          expect(column).toBeLessThanOrEqual(text.length + 1);
          expect(message).not.toBe("");
        }
        const duplicates = result.diagnostics.every(({ code }) => code === "duplicate-key");
        expect(accepted).toBe(duplicates);
      }
    }),
    { numRuns: 2000 },
  );
});
