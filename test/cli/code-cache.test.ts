/** The cache of the program's compiled code: files, later starts, and code that must not run. */
import { chmodSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { launch, temporaryFolder } from "../support/spawn.js";

const folder = temporaryFolder();
const run = (...args: readonly string[]) => launch(args, [], { NODE_COMPILE_CACHE: folder }).result;
const spec = "specs/hihello.json";

/** The folder of one build. */
const buildFolder = () => join(folder, "rnnx", readdirSync(join(folder, "rnnx"))[0] ?? "");
const filesOf = (purpose: string) => readdirSync(join(buildFolder(), purpose)).sort();
const codeOf = (purpose: string, name: string) => {
  const found = filesOf(purpose).find((file) => file.startsWith(name));
  return join(buildFolder(), purpose, found ?? "");
};

describe("compiled code", async () => {
  const first = await run("validate", spec);

  test("is written for each file that a command loads: validate loads the program's core and the validator", () => {
    expect(first).toMatchObject({ code: 0, stderr: "" });
    const names = filesOf("main-validate").map((file) => file.replace(/-[\w-]{8}\.cjs|\.cjs/, ""));
    expect(names).toEqual(["core.code", "main.entry.code", "rolldown-runtime.code", "spec.validator.code"]);
  });

  test("of a later start is that of the first", async () => {
    const file = codeOf("main-validate", "core");
    const before = readFileSync(file);
    expect(await run("validate", spec)).toEqual(first);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("that is cut off, or that of another V8, is compiled and written again", async () => {
    const [core, validator] = [codeOf("main-validate", "core"), codeOf("main-validate", "spec.validator")];
    const { length } = readFileSync(core);
    truncateSync(core, 1000);
    const otherVersion = readFileSync(validator);
    otherVersion.fill(1, 4, 8);
    writeFileSync(validator, otherVersion);
    expect(await run("validate", spec)).toEqual(first);
    expect(readFileSync(core).length).toBeGreaterThan(length / 2);
    expect(readFileSync(validator).equals(otherVersion)).toBe(false);
  });

  test.skipIf(process.platform === "win32")("in a folder that others can write to does not run", async () => {
    chmodSync(join(buildFolder(), "main-validate"), 0o777);
    // V8 would run these bytes, or crash.
    const core = codeOf("main-validate", "core");
    const bytes = readFileSync(core);
    writeFileSync(core, bytes.fill(0x55, bytes.length / 2));
    expect(await run("validate", spec)).toEqual(first);
  });

  test("needs no folder: a file in its path is left as it is", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const { result } = launch(["--version"], [], { NODE_COMPILE_CACHE: file });
    expect(await result).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(file)).toHaveLength(0);
  });

  test("of a failed command is not written", async () => {
    expect((await run("evaluate", "no-such-folder")).code).toBe(2);
    expect(readdirSync(buildFolder())).not.toContain("main-evaluate");
  });
});
