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

test("the chart names the metric and the split of its curves", async () => {
  const run = join(temporaryFolder(), "run");
  await rnnx("train", "specs/stock.json", "--steps", "3", "--out", run);
  const chart = join(run, "chart.svg");
  expect((await rnnx("compare", run, "--out", chart)).code).toBe(0);
  expect(readFileSync(chart, "utf8")).toMatch(/loss \((test|validation)\)/);
});
