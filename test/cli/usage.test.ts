/** Command lines that are wrong, and help. */
import { expect, test } from "vitest";
import { records, rnnx } from "../support/spawn.js";

const usageErrors: readonly (readonly [readonly string[], string])[] = [
  [["trian", "x"], "error: unknown command 'trian'\nDid you mean train? See rnnx --help.\n"],
  [["train"], "error: missing required argument 'spec'\nSee rnnx train --help.\n"],
  [["train", "x", "--stpes", "3"], "error: unknown option '--stpes'\nDid you mean --steps? See rnnx train --help.\n"],
  [
    ["train", "x", "--steps", "0"],
    "error: option '--steps <n>' argument '0' is invalid. It takes a whole number from 1 to 1000000000.\nSee rnnx train --help.\n",
  ],
  [
    ["train", "x", "--device", "gpu"],
    "error: option '--device <device>' argument 'gpu' is invalid. Allowed choices are auto, cpu, cuda, webgpu.\nSee rnnx train --help.\n",
  ],
  [
    ["validate", "a", "b"],
    "error: too many arguments for 'validate'. Expected 1 argument but got 2.\nSee rnnx validate --help.\n",
  ],
  [["compile", "x"], "error: required option '--out <dir>' not specified\nSee rnnx compile --help.\n"],
  [
    ["inspect", "specs/hello.json", "--stage", "end"],
    'error: there is no stage "end"\nThe stages are forward, prepared, mixed, gradient, step, optimized, train, eval, model, stream, shard, update.\n',
  ],
];

test.each(usageErrors)("rnnx %j exits 2 and says why", async (args, message) => {
  expect(await rnnx(...args)).toEqual({ code: 2, signal: null, stdout: "", stderr: message });
});

test("no command shows the commands and exits 2", async () => {
  const { code, stdout, stderr } = await rnnx();
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("validate    say everything that is wrong with a spec");
});

test("a wrong command line is a record too", async () => {
  const { code, stdout } = await rnnx("train", "--json", "--out");
  expect(code).toBe(2);
  const message = "option '--out <dir>' argument missing";
  const location = { severity: "error", path: "", line: 0, column: 0 };
  expect(records(stdout)).toEqual([
    { event: "error", message, diagnostics: [{ code: "usage", ...location, message, hint: "See rnnx train --help." }] },
  ]);
});

test.each(["validate", "inspect", "compile", "train"])("%s --help ends with an example", async (name) => {
  const { code, stdout } = await rnnx(name, "--help");
  expect(code).toBe(0);
  expect(stdout.trimEnd().split("\n").at(-1)).toMatch(new RegExp(`^ {2}\\$ rnnx ${name} specs/`));
});

test("the version is the package's", async () => {
  expect((await rnnx("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
