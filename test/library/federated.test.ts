/** examples/federated: tabs of a browser that average their weights have those of the same averaging in Node. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../runtime/tensors/safetensors.js";
import { chromiumPath, copyWasmRuntime, linkedFile, openBrowser, openPage, withChromium } from "../support/browser.js";
import { modelBytes } from "../support/onnx-models.js";
import { rnnx, root, temporaryFolder } from "../support/spawn.js";

const [ROUNDS, STEPS, TABS] = [3, 4, [5, 3]] as const;

const model = modelBytes({
  inputs: { x: { shape: ["n", 2] } },
  initializers: { w: { shape: [2, 1], data: [0.1, -0.2] }, b: { shape: [1], data: [0.3] } },
  nodes: [
    { operator: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
    { operator: "Add", inputs: ["m", "b"], outputs: ["y"] },
  ],
  outputs: ["y"],
});
/** Rows of one tab. */
function rowsOf(tab: number, count: number) {
  const x = Float32Array.from({ length: 2 * count }, (_, index) => Math.sin(index + 10 * tab));
  const targets = Float32Array.from({ length: count }, (_, row) => 2 * (x[2 * row] ?? 0) - tab);
  return { x, targets, count };
}

/** Each tab makes STEPS updates from the average; the average of their weights is weighted by the rows. */
async function averagedInNode(folder: string): Promise<ReadonlyMap<string, Float32Array>> {
  const session = await ort.InferenceSession.create(join(folder, "train.onnx"));
  let weights = new Map([
    ["w", Float32Array.of(0.1, -0.2)],
    ["b", Float32Array.of(0.3)],
  ]);
  const shapes: Readonly<Record<string, readonly number[]>> = { w: [2, 1], b: [1] };
  const total = TABS.reduce((sum, count) => sum + count, 0);
  for (let round = 0; round < ROUNDS; round++) {
    const sums = new Map([...weights].map(([name, data]) => [name, new Float32Array(data.length)]));
    for (const [tab, count] of TABS.entries()) {
      const { x, targets } = rowsOf(tab, count);
      const repeat = (data: Float32Array) => Float32Array.from(Array.from({ length: STEPS }, () => [...data]).flat());
      const results = await session.run({
        ...Object.fromEntries(
          [...weights].map(([name, data]) => [name, new ort.Tensor("float32", data, shapes[name] ?? [])]),
        ),
        step: new ort.Tensor("int64", BigInt64Array.of(0n), []),
        x: new ort.Tensor("float32", repeat(x), [STEPS, count, 2]),
        targets: new ort.Tensor("float32", repeat(targets), [STEPS, count, 1]),
      });
      for (const [name, sum] of sums)
        for (const [index, value] of (results[`next/${name}`] as ort.TypedTensor<"float32">).data.entries())
          sum[index] = (sum[index] ?? 0) + (count / total) * value;
    }
    weights = sums;
  }
  return weights;
}

/** The address that the server prints. */
function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    server.stdout?.on("data", (text) => {
      const [address] = /http:\/\/127\.0\.0\.1:\d+\//.exec(`${text}`) ?? [];
      if (address !== undefined) resolve(address);
    });
    server.on("exit", () => reject(new Error("The server ended.")));
  });
}

test.skipIf(chromiumPath === undefined)(`tabs average as in Node${withChromium}`, { timeout: 60_000 }, async () => {
  const folder = join(temporaryFolder(), "step");
  mkdirSync(folder);
  writeFileSync(join(folder, "../linear.onnx"), model);
  const flags = ["--loss", "squared_error", "--optimizer", "sgd", "--learning-rate", "0.1", "--out", folder];
  expect(await rnnx("grad", join(folder, "../linear.onnx"), ...flags)).toMatchObject({ code: 0 });
  copyWasmRuntime(folder);
  for (const [tab, count] of TABS.entries()) {
    const { x, targets } = rowsOf(tab, count);
    const arrays = new Map([
      ["x", { shape: [count, 2], data: x }],
      ["targets", { shape: [count, 1], data: targets }],
    ]);
    writeFileSync(join(folder, `rows-${tab + 1}.safetensors`), writeSafetensors(arrays));
  }
  const server = spawn(process.execPath, [join(root, "examples/federated/server.mjs"), folder, `${TABS.length}`, "0"]);
  const [address, browser] = await Promise.all([addressOf(server), openBrowser()]);
  try {
    const query = `rounds=${ROUNDS}&steps=${STEPS}`;
    const pages = await Promise.all(
      TABS.map((_, tab) => openPage(browser, `${address}?rows=rows-${tab + 1}.safetensors&${query}`)),
    );
    const expected = await averagedInNode(folder);
    for (const { page, errors } of pages) {
      await page.waitForSelector("#losses[data-done]", { timeout: 30_000 });
      const trained = readSafetensors(await linkedFile(page));
      if (!trained.ok) throw new Error(trained.error);
      for (const [name, data] of expected)
        for (const [index, value] of data.entries())
          expect(trained.value.tensors.get(name)?.data[index]).toBeCloseTo(value, 5);
      // Each tab trained on its own rows, and the weights moved.
      expect(Math.abs((expected.get("w")?.[0] ?? 0) - 0.1)).toBeGreaterThan(0.05);
      expect(errors).toEqual([]);
    }
  } finally {
    server.kill();
    await browser.close();
  }
});
