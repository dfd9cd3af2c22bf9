/** What the repository's own scripts are given: shown, taken, or refused with a reason. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/spawn.js";

const module = pathToFileURL(join(import.meta.dirname, "../../scripts/flags.mjs")).href;
const script = join(temporaryFolder(), "script.mjs");
writeFileSync(
  script,
  `/**
 * Counts.
 *
 *     node script.mjs --size 3
 */
import { flagsOf } from ${JSON.stringify(module)};
const defaults = { size: Number, rounds: 5, out: "here", only: [], kind: ["one", "two"], all: false, none: undefined };
const { words, ...flags } = flagsOf(import.meta.filename, defaults, ["text", "table"]);
console.log(JSON.stringify({ ...flags, words }));
`,
);
const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });

const parse = (...args: string[]) => {
  const { status, stdout, stderr } = run(...args);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
};

describe("flags", () => {
  test("come with their types, and with defaults where they are not given", () => {
    const usual = { size: 3, rounds: 5, out: "here", only: [], kind: ["one", "two"], all: false, words: [] };
    expect(parse("--size", "3")).toEqual(usual);
    const extraArgs = ["--only", "a", "--only", "b", "--kind", "two", "--rounds", "1e3", "--all", "text"];
    const chosen = { only: ["a", "b"], kind: ["two"], rounds: 1000, all: true, words: ["text"] };
    expect(parse("--size", "3", ...extraArgs)).toEqual({ ...usual, ...chosen });
  });

  test("are shown by --help, after the head of the script", () => {
    const { stdout, status } = run("--help");
    expect(status).toBe(0);
    expect(stdout).toContain("Counts.\n\n    node script.mjs --size 3\n");
    expect(stdout).toContain("--rounds <number>  (default: 5)");
  });

  test.each([
    [["--size"], "argument missing"],
    [[], "'--size <number>' not specified"],
    [["--size", "x"], "Expected a number."],
    [["--size", "1", "--rouds", "2"], "Did you mean --rounds?"],
    [["--size", "1", "--kind", "three"], "Choose one of: one; two."],
    [["--size", "1", "more"], "Allowed choices are text, table."],
  ])("%j is refused", (args, reason) => {
    const { stdout, stderr, status } = run(...args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(reason);
    expect(stderr).toContain("--help");
    expect(stderr).not.toContain("    at ");
  });
});
