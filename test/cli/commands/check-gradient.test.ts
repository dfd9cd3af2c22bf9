/** `rnnx check-gradient`: table, records, and the exit codes of a right spec, an infinite one and a wrong one. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { records, rnnx } from "../../support/spawn.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const spec = {
  data: { type: "text", text: "hihello", window: 6 },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam" },
};

function specFile(content: object = spec) {
  const folder = temporaryFolder();
  const file = join(folder, "hihello.json");
  writeFileSync(file, JSON.stringify(content, undefined, 2));
  return { folder, file };
}

const ofLayer = (equation: string, value: number) => ({
  data: { type: "arrays", inputs: [[0.5, 1]], targets: [[1]] },
  layers: { own: { parameters: { a: ["input_size"] }, initializers: { a: value }, equations: [equation] } },
  model: [{ layer: "own" }, { layer: "dense", size: 1 }],
  loss: { type: "squared_error" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
});

test("a table within 80 columns, and no file", async () => {
  const { folder, file } = specFile();
  const { code, stdout, stderr } = await rnnx("check-gradient", file);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^1 row, 6 steps of the first batch, at the initial weights: loss 1\.\d+$/m);
  expect(stdout).toMatch(/^rnn\/0\/W +\[5, 20\] +8 of 100 +\d\.\de-\d+ +\d\.\de-\d+ +right$/m);
  expect(stdout).toContain("Right: 27 derivatives compared, none wrong.");
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(readdirSync(folder)).toEqual(["hihello.json"]);
});

test("a record with every derivative, of other entries with another seed", async () => {
  const { file } = specFile();
  const indices = async (...flags: readonly string[]) => {
    const { code, stdout } = await rnnx("check-gradient", file, "--json", "--entries", "3", ...flags);
    expect(code).toBe(0);
    const [record] = records(stdout) as readonly {
      tensors: readonly { comparisons: readonly { index: unknown }[] }[];
    }[];
    expect(record).toMatchObject({ event: "result", right: true, rows: 1, steps: 6, diagnostics: [] });
    expect(record?.tensors[0]).toMatchObject({ name: "rnn/0/W", role: "parameter", shape: [5, 20], verdict: "right" });
    return record?.tensors.map(({ comparisons }) => comparisons.map(({ index }) => index));
  };
  const first = await indices();
  expect(first?.map((entries) => entries.length)).toEqual([4, 4, 4]);
  expect(await indices("--seed", "5")).not.toEqual(first);
});

test("a gradient of zeros is right, and named", async () => {
  const { file } = specFile(ofLayer("y = x + floor(a)", 0.5));
  const { code, stdout } = await rnnx("check-gradient", file);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^own\/a +\[2\] +2 +0\.0e\+0 +0\.0e\+0 +zero$/m);
  expect(stdout.replaceAll("\n", " ")).toContain("own/a: the whole gradient is zero");
});

test("a gradient below the rounding errors is not measurable, and not counted", async () => {
  const { file } = specFile(ofLayer("y = softmax(x + sum(a))", 0.5));
  const { code, stdout } = await rnnx("check-gradient", file);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^own\/a +\[2\] +2 .* not measurable$/m);
  const text = stdout.replaceAll("\n", " ");
  expect(text).toMatch(/own\/a: not measurable: its gradient, up to \S+e-\d+, is smaller than the rounding errors/);
  expect(text).toMatch(
    /Right: \d+ derivatives compared, none wrong\. Not measurable: 2 more, smaller than the rounding/,
  );
});

test("a value that is not finite: exit code 1, with its place", async () => {
  const { file } = specFile(ofLayer("y = x * log(a)", -1));
  const { code, stderr } = await rnnx("check-gradient", file);
  expect(code).toBe(1);
  expect(stderr).toContain("the first value that is not finite is in y of the layer own");
  expect(stderr).toContain("hihello.json:");
  expect(stderr).toContain("logarithm of zero or of a negative number");
});

test("a wrong spec: exit code 2", async () => {
  const { file } = specFile({ ...spec, loss: { type: "squared_eror" } });
  const { code, stderr } = await rnnx("check-gradient", file);
  expect(code).toBe(2);
  expect(stderr).toContain("squared_eror");
  expect(await rnnx("check-gradient", file, "--entries", "0")).toMatchObject({ code: 2 });
});
