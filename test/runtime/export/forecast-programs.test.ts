/** The programs of exported quantiles and distributions: they print the numbers of `rnnx predict`. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { exportModel } from "../../../runtime/export/index.js";
import { serveFolder } from "../../../runtime/web/static-server.js";
import { chromiumPath, openBrowser, openPage, withChromium } from "../../support/browser.js";
import { expectCsharpPrints } from "../../support/csharp.js";
import { pythonRuns } from "../../support/model-paths.js";
import { predicted } from "../../support/predict-file.js";
import { sharedFolder, temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const rows = Array.from({ length: 30 }, (_, row) => [(row * 7) % 5, 40 + ((row * 11) % 9) * 2.5]);
const csv = `c,y\n${rows.map((row) => `${row.join()}\n`).join("")}`;
const table = { type: "table", file: "t.csv", window: 3 };
const standard = { ...table, scale: "standard" };
const ofWindow = { ...table, target: ["y"], scale: { type: "standard", per: "window" } };
const cases: Readonly<Record<string, { data: object; size: number; loss: object }>> = {
  quantile: {
    data: { ...standard, target: ["c", "y"], horizon: 2 },
    size: 12,
    loss: { type: "quantile", levels: [0.9, 0.1, 0.5] },
  },
  outer: { data: { ...standard, target: ["y"] }, size: 2, loss: { type: "quantile", levels: [0.05, 0.95] } },
  gaussian: { data: ofWindow, size: 2, loss: { type: "gaussian_nll" } },
  student: { data: { ...standard, target: ["y", "c"] }, size: 6, loss: { type: "student_t_nll" } },
  poisson: { data: { ...standard, target: ["c"] }, size: 1, loss: { type: "poisson_nll" } },
  counts: {
    data: { ...standard, target: ["c"], horizon: 2, decode: "autoregressive", columns: ["c"] },
    size: 2,
    loss: { type: "negative_binomial_nll" },
  },
  mixture: { data: { ...standard, target: ["y"] }, size: 6, loss: { type: "mixture_density", components: 2 } },
};

const folder = sharedFolder();
const wanted = new Map<string, Readonly<Record<string, number>>>();

symlinkSync(join(import.meta.dirname, "../../../node_modules"), join(folder, "node_modules"));

/** Exports a case, and predicts the window of its programs. */
async function exportCase(name: string, { data, size, loss }: (typeof cases)[string]): Promise<void> {
  const model = [
    { layer: "rnn", cell: "gru", hidden_size: 3, return: "last" },
    { layer: "dense", size },
  ];
  const { out } = await trainSpec({ name, data, model, loss, train: { steps: 2 } }, { "t.csv": csv });
  const exported = await exportModel({ run: out, out: join(folder, `${name}.onnx`), snippets: true });
  if (!exported.ok) throw new Error(JSON.stringify(exported.error));
  const [, row = ""] = /rows = Array\(3\)\.fill\((.+)\);/.exec(readFileSync(program(name, "mjs"), "utf8")) ?? [];
  const columns = "columns" in data ? "c" : "c,y";
  const window = `${columns}\n${`${JSON.parse(row).join()}\n`.repeat(3)}`;
  const predictions = await predicted(out, "in.csv", window);
  // The levels of distributions are those of `predict` alone.
  const isPrinted = "levels" in loss ? /^[cy](_0\.\d+)?$/ : /^[cy](_std)?$/;
  // A model of several rows has a number for each of them: `y+1` and `y+1_0.9` of the next row.
  const numbers = predictions.rows.flatMap((own) =>
    Object.entries(own).flatMap(([key, value]): [string, number][] => {
      if (!isPrinted.test(key)) return [];
      const ofStep = "step" in own ? key.replace(/^[cy]/, (target) => `${target}+${own.step}`) : key;
      return [[ofStep, Number(value)]];
    }),
  );
  wanted.set(name, Object.fromEntries(numbers));
}

function program(name: string, extension: string): string {
  return join(folder, `${name}.use.${extension}`);
}

function expectNumbers(name: string, found: Readonly<Record<string, number>>): void {
  const expected = wanted.get(name) ?? {};
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [key, value] of Object.entries(expected))
    expect(Math.abs((found[key] ?? Number.NaN) - value) / Math.abs(value)).toBeLessThan(1e-5);
}

/** The numbers of lines such as `y_0.5: 43.1`. */
function numbersOf(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    text
      .trim()
      .split("\n")
      .map((line) => line.split(": "))
      .map(([name = "", value]) => [name, Number(value)]),
  );
}

test.each(Object.entries(cases))(
  "%s, in Node, in C# and in Python (with numpy and onnxruntime)",
  async (name, parts) => {
    await exportCase(name, parts);
    const printed = execFileSync(process.execPath, [program(name, "mjs")], { encoding: "utf8" });
    expectNumbers(name, numbersOf(printed));
    expectCsharpPrints(program(name, "cs"), printed);
    if (!pythonRuns) return;
    const text = execFileSync("python3", [program(name, "py")], { encoding: "utf8" });
    expectNumbers(name, JSON.parse(text.replaceAll("'", '"')));
  },
);

test.skipIf(chromiumPath === undefined)(
  `the web pages${withChromium}`,
  async () => {
    const site = temporaryFolder();
    const runtime = join(site, "node_modules/onnxruntime-web/dist");
    mkdirSync(runtime, { recursive: true });
    const from = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/wasm"));
    for (const file of readdirSync(from).filter((each) =>
      /^ort(\.wasm\.bundle\.min\.mjs|-wasm-simd-threaded\.wasm)$/.test(each),
    ))
      copyFileSync(join(from, file), join(runtime, file));
    for (const name of Object.keys(cases))
      for (const file of [`${name}.onnx`, `${name}.use.html`]) copyFileSync(join(folder, file), join(site, file));
    writeFileSync(join(site, "favicon.ico"), "");
    const [server, browser] = await Promise.all([serveFolder(site, 0), openBrowser()]);
    onTestFinished(async () => {
      await browser.close();
      server.close();
    });
    for (const name of Object.keys(cases)) {
      const { page, errors } = await openPage(browser, `${server.address}${name}.use.html`);
      await expect.poll(() => page.locator("output").textContent(), { timeout: 20_000 }).not.toBe("…");
      expectNumbers(name, numbersOf((await page.locator("output").textContent()) ?? ""));
      expect(errors).toEqual([]);
      await page.close();
    }
  },
  60_000,
);
