/** The most similar paths and names of missing files, templates and cells. */
import { mkdirSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { nearest, nearestName } from "../../../schema/diagnostics/suggest.js";
import { didYouMean, nearestPath } from "../../../schema/parse/missing-file.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

describe("the nearest path", () => {
  test.each([
    ["spam", "spam.json"],
    ["spma.md", "spam.md"],
    ["stocks.csv", "stock.csv"],
    ["stock.tsv", "stock.csv"],
    ["run/hihello/weights.safetensors", "runs/hihello/weights.safetensors"],
    ["runs/hihelo", "runs/hihello"],
    ["runs/hihello/weight.safetensors", "runs/hihello/weights.safetensors"],
    ["runs/zebra", undefined],
    ["spring.json", undefined],
    ["nowhere/at/all.csv", undefined],
  ])("to %s is %s", (missing, near) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "runs", "hihello"), { recursive: true });
    for (const name of ["spam.json", "spam.md", "stock.csv", "runs/hihello/weights.safetensors"])
      writeFileSync(join(folder, name), "");
    const isWanted = (path: string) => extname(missing) !== "" || extname(path) !== ".md";
    expect(nearestPath(join(folder, missing), isWanted)).toBe(near && join(folder, near));
  });

  test("is quoted without control characters", () => {
    expect(didYouMean("a\u001b.csv")).toBe('Did you mean "a\\u001b.csv"?');
    expect(didYouMean(undefined)).toBe("");
  });
});

test("two swapped letters are one edit", () => {
  expect(nearest("gur", ["rnn", "gru", "lstm"])).toBe("gru");
  expect(nearest("xyz", ["rnn", "gru", "lstm"])).toBeUndefined();
});

test.each([
  ["clasify", "classify-text"],
  ["series", "forecast-series"],
  ["text", undefined],
  ["zebra", undefined],
])("the template nearest to %s is %s", (word, name) => {
  expect(nearestName(word, ["next-character", "classify-text", "forecast-series", "own-cell"])).toBe(name);
});
