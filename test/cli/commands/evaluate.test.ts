/** `rnnx evaluate` and `rnnx predict` from the command line, on one run. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { records, rnnx, temporaryFolder } from "../../support/spawn.js";

const folder = temporaryFolder();
const run = join(folder, "run");
const pathOf = (name: string) => join(folder, name);
let done: Readonly<Record<string, unknown>> | undefined;

beforeAll(async () => {
  const { code, stdout } = await rnnx(
    ...["train", "specs/stock.json", "--steps", "20", "--out", run, "--json"],
    ...["--set", "data.split.validation=0.1", "--set", "data.split.train=0.6"],
  );
  expect(code).toBe(0);
  done = records(stdout).at(-1);
}, 60_000);

test("evaluation of a run equals the final evaluation of its training", async () => {
  const { code, stdout } = await rnnx("evaluate", run, "--json");
  const [result, ...rest] = records(stdout);
  expect({ code, more: rest }).toEqual({ code: 0, more: [] });
  expect(result).toMatchObject({ event: "result", run, step: expect.any(Number), metrics: done?.metrics });
});

test("text output is a table", async () => {
  const { stdout } = await rnnx("evaluate", run, "--split", "test", "--checkpoint", "last");
  expect(stdout).toMatch(/^weights of step 20\n\nsplit +examples +loss +rmse\ntest +\d+ +[\d.]+ +[\d.]+\n$/);
});

test("other data is relative to the current folder and forms the test split", async () => {
  writeFileSync(pathOf("other.csv"), readFileSync("specs/data/stock.csv", "utf8").split("\n").slice(0, 60).join("\n"));
  const { stdout } = await rnnx("evaluate", run, "--set", `data.file=${pathOf("other.csv")}`, "--json");
  // 58 rows in windows of 7 and their targets.
  expect(records(stdout)[0]).toMatchObject({ examples: { train: 0, validation: 0, test: 51 } });
});

test.each<[readonly string[], string]>([
  [
    ["evaluate", "specs"],
    'error: "specs" is not a run directory: it has no manifest.json and no spec.json and no data.json\n',
  ],
  [["evaluate", run, "--set", "seed=3"], "error: --set seed=3: only the data of a trained run can be changed"],
  [["evaluate", run, "--checkpoint", "worst"], "Expected best, last or a step."],
  [
    ["evaluate", run, "--set", "data.file=none.csv"],
    `none.csv" does not exist (set by --set data.file=none.csv).\n\n1 error`,
  ],
  [
    ["predict", run, "--input", "none.csv", "--output", "out.csv"],
    'error[file-missing] none.csv\n  "none.csv" does not exist.',
  ],
  [["predict", run, "--input", "specs/data/stock.csv"], "error: required option '--output <file>' not specified"],
])("%j exits with 2 and an error", async (args, message) => {
  const { code, stdout, stderr } = await rnnx(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
});

test("predictions are written; invalid input is reported with its position", async () => {
  const predictArgs = ["predict", run, "--input", "specs/data/stock.csv", "--output", pathOf("out.csv")];
  const { code, stdout } = await rnnx(...predictArgs, "--json");
  expect(code).toBe(0);
  expect(records(stdout)).toEqual([
    { event: "result", run, output: pathOf("out.csv"), predictions: expect.any(Number) },
  ]);
  expect(readFileSync(pathOf("out.csv"), "utf8")).toMatch(/^line,Close\n\d+,[\d.]+\n/);

  writeFileSync(pathOf("bad.csv"), "# Open,High,Low,Volume,Close\n1,2,3,4,5\n1,2,x,4,5\n");
  const bad = await rnnx("predict", run, "--input", pathOf("bad.csv"), "--output", pathOf("none.csv"), "--json");
  expect(bad.code).toBe(2);
  expect(records(bad.stdout)).toMatchObject([
    { event: "error", diagnostics: [{ code: "table-value", file: pathOf("bad.csv"), line: 3, column: 3 }] },
  ]);
  expect(existsSync(pathOf("none.csv"))).toBe(false);
});
