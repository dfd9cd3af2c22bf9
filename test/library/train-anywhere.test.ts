/** The programs of examples/train-anywhere, where their runtimes are, print the losses of `rnnx train`. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../../runtime/tensors/safetensors.js";
import { serveFolder } from "../../runtime/web/static-server.js";
import { chromiumPath, copyWasmRuntime, linkedFile, openBrowser, openPage, withChromium } from "../support/browser.js";
import { compileCsharp, hasDotnet, withDotnet } from "../support/csharp.js";
import { records, rnnx, root, temporaryFolder } from "../support/spawn.js";

const folder = temporaryFolder();
const examples = join(root, "examples/train-anywhere");
const libraries = join(root, "node_modules/onnxruntime-node/bin/napi-v6", process.platform, process.arch);

/** Small models and batches, carried states, varying lengths, several inputs, another schedule, a transformer. */
const specs: Readonly<Record<string, readonly string[]>> = {
  "specs/hihello": ["train.steps=200", 'optimizer.schedule={"type":"plateau"}'],
  "specs/shakespeare-small": ["train.steps=200", "train.batch_size=4", "model.1.hidden_size=32", "data.window=20"],
  "specs/stock": ["train.steps=200"],
  "specs/translate": ["train.steps=6"],
  "templates/gpt-characters": ["train.steps=200", "train.batch_size=4", "data.window=16", "model.1.repeat=1"],
};
/** Steps of the page, at most. */
const BROWSER_STEPS = 12;
const expected = new Map<string, readonly number[]>();

beforeAll(async () => {
  for (const [name, settings] of Object.entries(specs)) {
    const spec = join(root, `${name}.json`);
    const flags = settings.flatMap((setting) => ["--set", setting]);
    const steps = /train.steps=(\d+)/.exec(settings.join(" "))?.[1] ?? "";
    const compiled = await rnnx("compile", spec, "--out", join(folder, name), "--batches", steps, ...flags);
    expect(compiled.stderr).toBe("");
    const { stdout } = await rnnx("train", spec, "--out", join(folder, "runs", name), "--json", ...flags);
    expected.set(
      name,
      records(stdout).flatMap(({ event, loss }) => (event === "step" ? [Number(loss)] : [])),
    );
  }
}, 240_000);

/** @param first the largest number of losses. Wasm sums in another order, and differences grow from step to step. */
function expectLosses(name: string, lines: string, tolerance = 1e-6, first = Number.POSITIVE_INFINITY) {
  const losses = lines
    .trim()
    .split("\n")
    .map((line) => Number(JSON.parse(line).loss));
  const target = expected.get(name) ?? [];
  expect(losses).toHaveLength(Math.min(target.length, first));
  for (const [index, loss] of losses.entries())
    expect(Math.abs(loss / (target[index] ?? 0) - 1)).toBeLessThan(tolerance);
}

/** @param bytes of a file of weights. */
function expectWeights(name: string, bytes: Uint8Array, tolerance: number) {
  const trained = readSafetensors(bytes);
  const weights = readSafetensors(readFileSync(join(folder, "runs", name, "weights.safetensors")));
  if (!trained.ok || !weights.ok) throw new Error("A file of weights cannot be read.");
  for (const [tensor, { data }] of weights.value.tensors) {
    const actual = trained.value.tensors.get(tensor)?.data ?? [];
    const differences = Array.from(data, (value, index) => Math.abs(value - (actual[index] ?? Number.NaN)));
    expect(Math.max(...differences), tensor).toBeLessThan(tolerance);
  }
}

const hasPython = spawnSync("python3", ["-c", "import numpy, onnxruntime"]).status === 0;
describe(`train.py${hasPython ? "" : " (skipped: python3 has no onnxruntime)"}`, () => {
  test.skipIf(!hasPython).each(Object.keys(specs))("%s", (name) => {
    const out = join(folder, name);
    expectLosses(name, execFileSync("python3", [join(examples, "train.py"), out], { encoding: "utf8" }));
    expectWeights(name, readFileSync(join(out, "trained.safetensors")), 1e-5);
  });
});

const headers = process.env.RNNX_ORT_HEADERS ?? "/usr/include";
const hasHeaders = ["onnxruntime/onnxruntime_cxx_api.h", "nlohmann/json.hpp"].every((file) =>
  existsSync(join(headers, file)),
);
const hasCpp = process.platform === "linux" && hasHeaders && spawnSync("g++", ["--version"]).status === 0;
describe(`train.cpp${hasCpp ? "" : " (skipped: no headers of onnxruntime and nlohmann/json)"}`, () => {
  const program = join(folder, "train");
  beforeAll(() => {
    if (!hasCpp) return;
    const includes = ["-I", headers, "-I", join(headers, "onnxruntime")];
    const library = join(libraries, "libonnxruntime.so.1");
    execFileSync("g++", ["-std=c++20", ...includes, join(examples, "train.cpp"), library, "-o", program]);
  }, 120_000);
  test.skipIf(!hasCpp).each(Object.keys(specs))("%s", (name) => {
    const env = { ...process.env, LD_LIBRARY_PATH: libraries };
    expectLosses(name, execFileSync(program, [join(folder, name)], { encoding: "utf8", env }));
  });
});

describe(`Train.cs${withDotnet}`, () => {
  let run: ReturnType<typeof compileCsharp>;
  beforeAll(() => {
    if (hasDotnet) run = compileCsharp(join(examples, "Train.cs"), folder);
  });
  test.skipIf(!hasDotnet).each(Object.keys(specs))("%s", (name) => {
    expectLosses(name, run(join(folder, name)));
  });
});

test.skipIf(chromiumPath === undefined)(`index.html${withChromium}`, { timeout: 120_000 }, async () => {
  const browser = await openBrowser();
  try {
    for (const name of ["specs/hihello", "specs/shakespeare-small", "specs/translate"]) {
      const site = join(folder, name);
      cpSync(examples, site, { recursive: true });
      // The header keeps its length.
      const batches = readFileSync(join(site, "batches.safetensors"), "latin1");
      writeFileSync(
        join(site, "batches.safetensors"),
        batches.replace(/"steps":"200"/, `"steps":"${BROWSER_STEPS}" `),
        "latin1",
      );
      copyWasmRuntime(site);
      const server = await serveFolder(site, 0);
      const { page, errors } = await openPage(browser, `${server.address}index.html`);
      await page.waitForSelector("#losses[data-done]", { timeout: 60_000 });
      const lines = (await page.locator("#losses").textContent()) ?? "";
      expectLosses(name, lines, 1e-5, BROWSER_STEPS);
      if (name === "specs/translate") expectWeights(name, await linkedFile(page), 1e-4);
      expect(errors).toEqual([]);
      await page.close();
      await server.close();
    }
  } finally {
    await browser.close();
  }
});

test("programs are short", () => {
  const limits = { "train.py": 60, "train.mjs": 60, "Train.cs": 90, "train.cpp": 100 };
  for (const [name, limit] of Object.entries(limits))
    expect(readFileSync(join(examples, name), "utf8").split("\n").length - 1, name).toBeLessThanOrEqual(limit);
});

test("more batches than the training has are refused with the way out", async () => {
  const { code, stderr } = await rnnx("compile", "specs/hihello.json", "--out", join(folder, "x"), "--batches", "9999");
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /--batches 9999 exceeds the 2,000 steps of the training[\s\S]*Use --batches \d+, or --set train.steps=9999/,
  );
  expect(existsSync(join(folder, "x"))).toBe(false);
});
