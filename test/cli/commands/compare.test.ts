/** `rnnx compare` from the command line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { records, rnnx, temporaryFolder } from "../../support/spawn.js";

test("runs of two cells differ in the cell, and not in the options that only one of them has", async () => {
  const folder = temporaryFolder();
  const [lstm, gru] = [join(folder, "lstm"), join(folder, "gru")];
  await rnnx("train", "specs/ship.json", "--steps", "1", "--out", lstm);
  await rnnx("train", "specs/ship.json", "--steps", "1", "--out", gru, "--set", "model.1.cell=gru");
  const { stdout } = await rnnx("compare", lstm, gru);
  const [heading = ""] = stdout.split("\n");
  expect(heading).toMatch(/^run +model\.1\.cell/);
  expect(heading).not.toContain("peepholes");
  expect(heading.length).toBeLessThan(160);
  // The record has every difference.
  const [result = {}] = records((await rnnx("compare", lstm, gru, "--json")).stdout);
  expect(JSON.stringify(result)).toContain("peepholes");
});

test("runs of other kinds of data and layers have each setting that differs between parts of one kind", async () => {
  const folder = temporaryFolder();
  const [ship, small, stock] = ["ship", "small", "stock"].map((name) => join(folder, name));
  const smaller = ["--set", "model.1.hidden_size=7", "--set", "data.stride=2"];
  await rnnx("train", "specs/ship.json", "--steps", "1", "--out", `${ship}`);
  await rnnx("train", "specs/ship.json", "--steps", "1", "--out", `${small}`, ...smaller);
  await rnnx("train", "specs/stock.json", "--steps", "1", "--out", `${stock}`, "--set", "data.window=6");
  const { stdout } = await rnnx("compare", `${ship}`, `${small}`, `${stock}`);
  const [heading = "", ...lines] = stdout.split("\n");
  for (const path of ["data.type", "data.file", "data.window", "data.stride"]) expect(heading).toContain(path);
  for (const layer of [0, 1]) expect(heading).toContain(`model.${layer}.cells.0.hidden_size`);
  // Options of a single kind, with one value.
  expect(heading).not.toContain("data.reverse");
  expect(lines.join("\n")).toMatch(/without \d+ options of parts that only some of the runs have; --json prints them/);
});

test("an object of settings that one run does not have is compared by its keys alone", async () => {
  const folder = temporaryFolder();
  const [best, last] = [join(folder, "best"), join(folder, "last")];
  const split = 'data.split={"train":0.7,"validation":0.3}';
  await rnnx("train", "specs/stock.json", "--steps", "1", "--out", best, "--set", split);
  await rnnx("train", "specs/stock.json", "--steps", "1", "--out", last);
  const [heading = "", ...rows] = (await rnnx("compare", best, last)).stdout.split("\n");
  expect(heading).toMatch(/ train\.keep_best\.metric +train\.keep_best\.mode +parameters/);
  expect(heading).not.toMatch(/keep_best /);
  expect(rows[0]).toMatch(/^best .+ loss +min /);
  expect(rows[1]).toMatch(/^last .+ – +– /);
});

test("the chart names the metric and the split of its curves", async () => {
  const run = join(temporaryFolder(), "run");
  await rnnx("train", "specs/stock.json", "--steps", "3", "--out", run);
  const chart = join(run, "chart.svg");
  expect((await rnnx("compare", run, "--out", chart)).code).toBe(0);
  expect(readFileSync(chart, "utf8")).toMatch(/loss \((test|validation)\)/);
});

test("definitions that only some of the runs have are compared by the layers that use them", async () => {
  const folder = temporaryFolder();
  const [plain, own, other] = ["plain", "own", "other"].map((name) => join(folder, name));
  const define = (equation: string) => ["--set", `activations={"squared":{"equations":["${equation}"]}}`];
  const use = ["--set", "model.2.activation=squared"];
  await rnnx("train", "specs/spam.json", "--steps", "1", "--out", `${plain}`);
  await rnnx("train", "specs/spam.json", "--steps", "1", "--out", `${own}`, ...define("y = x ^ 2"), ...use);
  await rnnx("train", "specs/spam.json", "--steps", "1", "--out", `${other}`, ...define("y = x ^ 3"), ...use);
  const [heading = ""] = (await rnnx("compare", `${plain}`, `${own}`)).stdout.split("\n");
  expect(heading).toContain("model.2.activation");
  expect(heading).not.toContain("activations.");
  const { stdout } = await rnnx("compare", `${own}`, `${other}`);
  expect(stdout).toMatch(/^run +activations\.squared\.equations +parameters.*\nown +y = x \^ 2 .*\nother +y = x \^ 3 /);
});

test("optimizers of the spec's own are compared by name, by option and by equation", async () => {
  const folder = temporaryFolder();
  const train = async (name: string, equation: string, beta: number) => {
    const define = `optimizers={"signs":{"options":{"beta":0.9},"equations":["${equation}"]}}`;
    const use = `optimizer={"type":"signs","learning_rate":0.01,"beta":${beta}}`;
    const out = join(folder, name);
    await rnnx("train", "specs/hihello.json", "--steps", "1", "--out", out, "--set", define, "--set", use);
    return out;
  };
  const runs = [
    await train("one", "p' = p - rate * beta * sign(g)", 0.5),
    await train("two", "p' = p - rate * beta * g", 0.75),
  ];
  const plain = join(folder, "plain");
  await rnnx("train", "specs/hihello.json", "--steps", "1", "--out", plain);
  const { stdout } = await rnnx("compare", ...runs);
  expect(stdout).toMatch(/^run +optimizers\.signs\.equations +optimizer\.options\.beta +/);
  expect(stdout).toMatch(/\none +p' = p - rate \* beta \* sign\(g\) +0\.5 /);
  expect((await rnnx("compare", plain, runs[0] ?? "")).stdout).toMatch(/\none .*signs/);
});
