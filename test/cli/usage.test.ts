/** Usage errors and help. */
import { expect, test } from "vitest";
import { commands } from "../../cli/commands/index.js";
import { records, rnnx } from "../support/spawn.js";

const usageErrors: readonly (readonly [readonly string[], string])[] = [
  [["trian", "x"], "error: unknown command 'trian'\nDid you mean train? See rnnx --help.\n"],
  [["train"], "error: missing required argument 'spec'\nSee rnnx train --help.\n"],
  [["train", "x", "--stpes", "3"], "error: unknown option '--stpes'\nDid you mean --steps? See rnnx train --help.\n"],
  [
    ["train", "x", "--epochs", "3"],
    "error: unknown option '--epochs'\nUse --set train.epochs=VALUE. See rnnx train --help.\n",
  ],
  [
    ["train", "x", "--learning-rate", "3"],
    "error: unknown option '--learning-rate'\nUse --set optimizer.learning_rate=VALUE. See rnnx train --help.\n",
  ],
  [
    ["inspect", "specs/hello.json", "--format", "dot"],
    "error: --format is the format of --stage, or of the graph of an ONNX file\nRemove the option.\n",
  ],
  [["inspect", "specs/hello.json", "--time", "--stage", "step"], "error: --stage ignores --time\nRemove the option.\n"],
  [["inspect", "specs", "--set", "seed=3"], "error: --set changes a spec, not a run directory\nRemove the option.\n"],
  [
    ["plot", "runs/x", "--width", "300"],
    "error: --width requires --out\nA chart on the terminal has the width of the terminal.\n",
  ],
  [
    ["compare", "runs/x", "--metric", "loss"],
    "error: --metric requires --out\nThe table has every metric; --out plots one.\n",
  ],
  [
    ["train", "x", "--steps", "2000000000"],
    "error: option '--steps <n>' argument '2000000000' is invalid. Expected an integer from 0 to 1000000000.\nSee rnnx train --help.\n",
  ],
  [
    ["train", "x", "--device", "gpu"],
    "error: option '--device <device>' argument 'gpu' is invalid. Allowed choices are auto, cpu, cuda, webgpu.\nSee rnnx train --help.\n",
  ],
  [
    ["train", "x", "--device", "cpu", "--allow-tf32"],
    "error: --allow-tf32 has no effect on --device cpu\nRemove one of the options.\n",
  ],
  [
    ["validate", "a", "b"],
    "error: too many arguments for 'validate'. Expected 1 argument but got 2.\nSee rnnx validate --help.\n",
  ],
  [["compile", "x"], "error: required option '--out <dir>' not specified\nSee rnnx compile --help.\n"],
  [
    ["inspect", "specs/hello.json", "--stage", "end"],
    'error: unknown stage "end"\nThe stages are forward, prepared, mixed, gradient, step, optimized, train, eval, model, stream, shard, update.\n',
  ],
];

test.each(usageErrors)("rnnx %j exits with 2 and an error", async (args, message) => {
  expect(await rnnx(...args)).toEqual({ code: 2, signal: null, stdout: "", stderr: message });
});

test("no command prints the list of commands and exits with 2", async () => {
  const { code, stdout, stderr } = await rnnx();
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^ {2}validate +check a spec and print every error$/m);
});

test("with --json a usage error is a record", async () => {
  const { code, stdout } = await rnnx("train", "--json", "--out");
  expect(code).toBe(2);
  const message = "option '--out <dir>' argument missing";
  const location = { severity: "error", path: "", line: 1, column: 1 };
  expect(records(stdout)).toEqual([
    { event: "error", message, diagnostics: [{ code: "usage", ...location, message, hint: "See rnnx train --help." }] },
  ]);
});

test.each(["validate", "inspect", "compile", "train"])("%s --help ends with an example", async (name) => {
  const { code, stdout } = await rnnx(name, "--help");
  expect(code).toBe(0);
  expect(stdout.trimEnd().split("\n").at(-1)).toMatch(new RegExp(`^ {2}\\$ rnnx ${name} specs/`));
});

test("help COMMAND prints the options of the command, in groups", async () => {
  const { code, stdout } = await rnnx("help", "train");
  expect({ code, stdout }).toEqual({ code: 0, stdout: (await rnnx("train", "--help")).stdout });
  const headings = [...stdout.matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual([
    ...["Arguments", "Common options", "Initial weights and data", "Monitoring", "Hardware", "Compiler"],
    ...["Global options", "Example"],
  ]);
  expect(stdout).toMatch(/compute device \(auto \| cpu \| cuda \| webgpu,\s+default: auto\)/);
});

test("help names every command and the documentation; an unknown command is an error there too", async () => {
  const { stdout } = await rnnx("help");
  for (const { name } of commands) expect(stdout).toMatch(new RegExp(`^  ${name} +[a-z]`, "m"));
  expect(stdout).toMatch(/^Documentation: .*docs\/index\.md$/m);
  expect(await rnnx("help", "trian")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Did you mean train?"),
  });
});

test("the version is the package's", async () => {
  expect((await rnnx("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
