/** Reports, plots and comparisons of two short runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import colors from "picocolors";
import { beforeAll, expect, test } from "vitest";
import { checkImageFile } from "../../cli/image-output.js";
import type { Output } from "../../cli/output.js";
import { records, rnnx, temporaryFolder } from "../support/spawn.js";

const folder = temporaryFolder();
const [slow, fast] = [join(folder, "slow"), join(folder, "fast")];

beforeAll(async () => {
  const spec = ["train", "templates/classify-text.json", "--steps", "44", "--set", "train.evaluate_every=22"];
  await rnnx(...spec, "--out", slow);
  await rnnx(...spec, "--out", fast, "--set", "optimizer.learning_rate=0.03");
}, 120_000);

test("a report is one file with curves, predictions, the model and the environment", {
  timeout: 60_000,
}, async () => {
  const { code, stdout } = await rnnx("report", slow, "--json");
  const file = join(slow, "report.html");
  expect(code).toBe(0);
  expect(records(stdout)).toEqual([{ event: "result", run: slow, file, bytes: readFileSync(file).length }]);
  const page = readFileSync(file, "utf8");
  expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)|src=/);
  for (const title of ["Learning curves", "Metrics", "Predictions", "Model", "Spec", "Environment"])
    expect(page).toContain(`<h2>${title}</h2>`);
  expect(page).toContain("160 examples of the validation split");
  expect(page).toContain("s = sigmoid(f) * c + sigmoid(i) * tanh(g)");
});

test("a plot is an SVG or PNG image, or text that fits the terminal", async () => {
  const [svg, png] = [join(folder, "loss.svg"), join(folder, "accuracy.png")];
  expect((await rnnx("plot", slow, "--out", svg)).stdout).toBe(`${svg}\n`);
  expect(readFileSync(svg, "utf8")).toMatch(/^<svg[^>]*>.*<\/svg>$/s);
  expect((await rnnx("plot", slow, "--metric", "accuracy", "--out", png)).code).toBe(0);
  expect(readFileSync(png).subarray(1, 4).toString()).toBe("PNG");
  const { stdout } = await rnnx("plot", slow);
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(stdout).not.toContain("\u001b");
});

test("--json prints the points of the curves", async () => {
  const { stdout } = await rnnx("plot", slow, "--metric", "accuracy", "--json");
  const [{ curves } = {}] = records(stdout);
  expect((curves as { split: string; points: { step: number }[] }[]).map(({ split }) => split)).toEqual([
    "train",
    "validation",
  ]);
  expect((curves as { points: { step: number }[] }[])[0]?.points.map(({ step }) => step)).toEqual([22, 44]);
});

test("an unknown metric, an unknown image type and a folder that is no run are errors", async () => {
  expect((await rnnx("plot", slow, "--metric", "acuracy")).stderr).toContain('Did you mean "accuracy"?');
  expect((await rnnx("plot", slow, "--out", "loss.gif")).stderr).toContain("ends in .svg or .png.");
  expect((await rnnx("report", folder)).code).toBe(2);
});

test("a comparison lists the settings that differ and the metrics", async () => {
  const chart = join(folder, "compare.svg");
  const { stdout } = await rnnx("compare", slow, fast, "--out", chart, "--json");
  const [{ runs } = {}] = records(stdout);
  expect(runs).toMatchObject([
    { run: slow, differences: { "optimizer.learning_rate": "0.01" }, steps: 44, parameters: 5346 },
    { run: fast, differences: { "optimizer.learning_rate": "0.03" }, steps: 44, parameters: 5346 },
  ]);
  expect(readFileSync(chart, "utf8")).toContain("fast");
  const table = (await rnnx("compare", slow, fast)).stdout;
  expect(table).toMatch(/^run +optimizer\.learning_rate +parameters +steps/);
});

const { chromiumPath, openBrowser, openPage } = await import("../support/browser.js");
test.skipIf(chromiumPath === undefined)("a report opens without an error", { timeout: 60_000 }, async () => {
  const file = join(folder, "report.html");
  await rnnx("report", fast, "--out", file);
  const browser = await openBrowser();
  try {
    const { page, errors } = await openPage(browser, pathToFileURL(file).href);
    expect(await page.title()).toBe("classify-text · rnnx");
    expect(await page.locator("svg").count()).toBeGreaterThanOrEqual(4);
    const fits = await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth");
    expect(fits).toBe(true);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});

test("a PNG file without the optional package is refused with the command that installs it", () => {
  const lines: string[] = [];
  const plain = colors.createColors(false);
  const note = (text: string) => lines.push(text);
  const output = { json: false, note, record() {}, colors: { print: plain, note: plain } } as unknown as Output;
  expect(checkImageFile(output, "loss.svg", () => false)).toBeUndefined();
  expect(checkImageFile(output, "loss.png", () => true)).toBeUndefined();
  expect(checkImageFile(output, "loss.png", () => false)).toBe(2);
  expect(lines.join("\n")).toMatch(/PNG images need the package @resvg\/resvg-js/);
  expect(lines.join("\n")).toMatch(/npm install @resvg\/resvg-js@\d+\.\d+\.\d+\. Or name a \.svg file/);
});
