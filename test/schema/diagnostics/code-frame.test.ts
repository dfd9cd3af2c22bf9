/** Diagnostics as text for a terminal. */
import { expect, test } from "vitest";
import { frame } from "../../../schema/diagnostics/code-frame.js";
import { readSpec } from "../../../schema/read.js";

async function framed(text: string): Promise<string> {
  const result = await readSpec(text, { file: "spec.json" });
  if (result.ok) throw new Error("the spec is right");
  return frame(result.diagnostics, result.document);
}

test("location, message, lines and hint", async () => {
  const text = `{
  "data": { "type": "text", "text": "hihello", "window": 6 },
  "model": [
\t{ "layer": "rnn", "cell": "lstm", "hiden_size": 5 }
  ],
  "loss": { "type": "sequence_loss" },
  "optimizer": { "type": "adam", "epsilon": -1 }
}`;
  expect(await framed(text)).toBe(`error[unknown-key] spec.json:4:36 /model/0/hiden_size
  Unknown key "hiden_size" in the rnn layer, whose cell is "lstm".
  2 |   "data": { "type": "text", "text": "hihello", "window": 6 },
  3 |   "model": [
> 4 |  { "layer": "rnn", "cell": "lstm", "hiden_size": 5 }
    |                                    ^
  5 |   ],
  6 |   "loss": { "type": "sequence_loss" },
  Did you mean "hidden_size"?

error[wrong-value] spec.json:7:45 /optimizer/epsilon
  "epsilon" must be a number from 0 to 1000000, but is -1.
  5 |   ],
  6 |   "loss": { "type": "sequence_loss" },
> 7 |   "optimizer": { "type": "adam", "epsilon": -1 }
    |                                             ^
  8 | }`);
});

test("a warning is named as one", async () => {
  const warning = {
    code: "slow",
    severity: "warning",
    path: "",
    line: 1,
    column: 1,
    message: "It is.",
    hint: "",
  } as const;
  expect(await frame([warning], undefined)).toBe("warning[slow]\n  It is.");
});

test("a spec in one long line is clipped around the position", async () => {
  const numbers = `[${"1,".repeat(100_000)}1]`;
  const long = `{ "data": { "type": "arrays", "inputs": ${numbers}, "targets": true, "weights": ${numbers} } }`;
  const lines = (await framed(long)).split("\n");
  for (const line of lines) expect(line.length).toBeLessThan(200);
  const marked = lines.findIndex((line) => line.startsWith(">") && line.includes('"targets": true'));
  expect(lines[marked]?.indexOf("true")).toBe(lines[marked + 1]?.indexOf("^"));
});

test("control characters are escaped", async () => {
  const text = await framed('{ "\u001b[31mred\u202e": 1 }'.replace("\u001b", "\\u001b"));
  expect(text).toContain('Unknown key "\\u001b[31mred\\u202e" in the spec.');
  expect(text.includes("\u001b") || text.includes("\u202e")).toBe(false);
});

test("without a source there are no lines, and colors are off by default", async () => {
  const diagnostic = {
    code: "file-missing",
    severity: "error",
    path: "",
    line: 1,
    column: 1,
    message: "no.",
    hint: "Look.",
  } as const;
  expect(await frame([diagnostic], undefined)).toBe("error[file-missing]\n  no.\n  Look.");
  expect(await frame([diagnostic], undefined, { color: true })).toContain("\u001b[31m");
});
