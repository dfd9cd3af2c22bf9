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
  expect(stdout).toMatch(
    /^weights of step 20\n\nsplit +examples +loss +rmse\ntest +\d+ +[\d.]+ +[\d.]+\n\nerrors of the test split in the units of the data\n\ncolumn +rmse +mae +smape % +wape %\nClose +.*\n +last value +.*\n +moving average +.*\n +mean +/,
  );
});

test("errors are in the units of the data: the scaled ones times the range of the training split", async () => {
  const [result = {}] = records((await rnnx("evaluate", run, "--json")).stdout);
  const { metrics, details } = result as {
    metrics: { test: { rmse: number } };
    details: { split: string; columns: { column: string; rmse: number; mae: number }[] };
  };
  const { metadata } = JSON.parse(readFileSync(join(run, "data.json"), "utf8"));
  const [column] = details.columns;
  expect(details.split).toBe("test");
  expect(column?.rmse).toBeCloseTo(metrics.test.rmse / metadata.scaler[column?.column ?? ""].factor, 2);
  expect(column?.mae).toBeLessThanOrEqual(column?.rmse ?? 0);
});

test("classes have precision, recall and a confusion matrix that agree with the accuracy", async () => {
  const classifier = pathOf("classifier");
  await rnnx("train", "specs/spam.json", "--steps", "25", "--out", classifier);
  const { stdout } = await rnnx("evaluate", classifier, "--json");
  const [result = {}] = records(stdout);
  const { metrics, details } = result as {
    metrics: { validation: { accuracy: number } };
    details: {
      confusion: number[][];
      classes: { class: string; targets: number; predicted: number; precision: number; recall: number }[];
    };
  };
  const [[a = 0, b = 0] = [], [c = 0, d = 0] = []] = details.confusion;
  expect((a + d) / (a + b + c + d)).toBeCloseTo(metrics.validation.accuracy, 6);
  const [first, second] = details.classes;
  expect([first?.class, second?.class].sort()).toEqual(["ham", "spam"]);
  expect(first).toMatchObject({ targets: a + b, predicted: a + c, precision: a / (a + c), recall: a / (a + b) });
  expect(second).toMatchObject({ targets: c + d, predicted: b + d, precision: d / (b + d), recall: d / (c + d) });
  const text = (await rnnx("evaluate", classifier)).stdout;
  expect(text).toMatch(/\nclass +precision +recall +targets +predicted\n(ham|spam) /);
  expect(text).toContain("confusion: a row per target, a column per prediction");
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
  [["evaluate", run, "--set", "data.file=none.csv"], `none.csv" does not exist (set by --set data.file=none.csv).`],
  [
    ["predict", run, "--input", "none.csv", "--output", "out.csv"],
    'error[file-missing] none.csv\n  "none.csv" does not exist.',
  ],
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
  expect(readFileSync(pathOf("out.csv"), "utf8")).toMatch(/^line,row,Close\n\d+,\d+,[\d.]+\n/);

  writeFileSync(pathOf("bad.csv"), "# Open,High,Low,Volume,Close\n1,2,3,4,5\n1,2,x,4,5\n");
  const bad = await rnnx("predict", run, "--input", pathOf("bad.csv"), "--output", pathOf("none.csv"), "--json");
  expect(bad.code).toBe(2);
  expect(records(bad.stdout)).toMatchObject([
    { event: "error", diagnostics: [{ code: "table-value", file: pathOf("bad.csv"), line: 3, column: 3 }] },
  ]);
  expect(existsSync(pathOf("none.csv"))).toBe(false);
});

test("a missing checkpoint or split is reported with those that exist", async () => {
  const missing = await rnnx("evaluate", run, "--checkpoint", "105");
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain("Its checkpoints: 20.");
  const text = pathOf("text");
  await rnnx("train", "specs/hello.json", "--steps", "2", "--out", text);
  const split = await rnnx("evaluate", text, "--split", "test");
  expect(split.code).toBe(2);
  expect(split.stderr).toContain("Its splits: train.");
});
