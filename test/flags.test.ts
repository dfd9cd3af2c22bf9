/** What the repository's own scripts are given: shown, taken, or refused with a reason. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./cli/spawn.js";

const module = pathToFileURL(join(import.meta.dirname, "../bin/flags.mjs")).href;
const script = join(temporaryFolder(), "script.mjs");
writeFileSync(
  script,
  `/**
 * Counts.
 *
 *     node script.mjs --size 3
 */
import { flagsOf } from ${JSON.stringify(module)};
const { words, ...flags } = flagsOf(import.meta.filename, { size: Number, rounds: 5, out: "here", only: [], all: false });
console.log(JSON.stringify({ ...flags, words }));
`,
);
const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });

describe("flags", () => {
  it("come with their types, and with defaults where they are not given", () => {
    const { stdout, status } = run("--size", "3", "--only", "a", "--only", "b");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ size: 3, rounds: 5, out: "here", only: ["a", "b"], all: false, words: [] });
  });

  it("are shown by --help", () => {
    const { stdout, status } = run("--help");
    expect([status, stdout]).toEqual([0, "Counts.\n\n    node script.mjs --size 3\n"]);
  });

  it.each([
    [["--size"], "--size <value>"],
    [[], "--size is needed."],
    [["--size", "x"], '--size takes a number, not "x".'],
    [["--size", "1", "--rond", "2"], "--rond"],
    [["--size", "1", "more"], "more"],
  ])("%j is refused", (args, reason) => {
    const { stdout, stderr, status } = run(...args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(reason);
    expect(stderr).toContain("node script.mjs --size 3");
    expect(stderr).not.toContain("    at ");
  });
});
