/** Layers of models with external data: read within the folder, kept by a run, written back where the numbers were. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { onnx } from "onnx-proto";
import { expect, test } from "vitest";
import { exportLayer } from "../../../runtime/export/layer-model.js";
import { openRun } from "../../../runtime/run/open.js";
import { readSpec } from "../../../schema/read.js";
import { graphProto, modelBytes } from "../../support/onnx-models.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { run, weightsOf } from "../../support/training-runs.js";

const graph = graphProto({
  inputs: { x: { shape: ["n", 2] } },
  nodes: [
    { operator: "MatMul", inputs: ["x", "w"], outputs: ["h"] },
    { operator: "Add", inputs: ["h", "b"], outputs: ["s"] },
    { operator: "Add", inputs: ["s", "c"], outputs: ["y"] },
  ],
  outputs: ["y"],
});

/** w and b of 16 and 8 bytes are in a file; c has the bytes of b where it is shared. */
function model(location: string, isShared = false): Uint8Array {
  const stored = (name: string, dims: readonly number[], offset: number, length: number) => ({
    ...{ name, dataType: 1, dims: [...dims], dataLocation: 1 },
    externalData: Object.entries({ location, offset, length }).map(([key, value]) => ({ key, value: `${value}` })),
  });
  const initializer = [stored("w", [2, 2], 4, 16), stored("b", [2], 24, 8), stored("c", [2], isShared ? 24 : 32, 8)];
  return modelBytes({ ...graph, initializer: initializer as unknown as onnx.ITensorProto[] });
}

const numbers = [9, 0.5, -0.3, 0.2, 0.8, 7, 0.1, -0.1, 0.3, 0.4, 5];

const specOf = (more: object = {}) => ({
  name: "external",
  data: {
    type: "arrays",
    inputs: [
      [1, 0],
      [0, 1],
      [1, 1],
    ],
    targets: [
      [1, 0],
      [0, 1],
      [0, 0],
    ],
  },
  model: [{ layer: "onnx", name: "net", file: "model/net.onnx", ...more }],
  loss: { type: "squared_error" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
  train: { steps: 3 },
});

function folderOf(bytes: Uint8Array, name = "net.onnx.data"): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "model"));
  writeFileSync(join(folder, "model", "net.onnx"), bytes);
  writeFileSync(join(folder, "model", name), Buffer.from(Float32Array.from(numbers).buffer));
  return folder;
}

async function trained(folder: string, resume = false, steps = 3) {
  const read = await readSpec(JSON.stringify({ ...specOf(), train: { steps } }), { folder });
  if (!read.ok) return { problems: read.diagnostics.map(({ message }) => message), out: "" };
  const out = join(folder, "run");
  const { outcome } = await run({
    spec: read.spec,
    folder,
    out,
    device: "cpu",
    resume,
    init: null,
    disabledPasses: [],
  });
  return { problems: outcome.ok ? [] : JSON.stringify(outcome.error), out };
}

const floats = (file: string) => {
  const { buffer, byteOffset, byteLength } = readFileSync(file);
  return Array.from(new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength)));
};

test("trained values go where the file has them: all other bytes stay", async () => {
  const bytes = model("net.onnx.data");
  const folder = folderOf(bytes);
  const { problems, out } = await trained(folder);
  expect(problems).toEqual([]);
  const [kept = ""] = readdirSync(out).filter((name) => name.startsWith("layer-"));
  expect(readdirSync(join(out, kept)).sort()).toEqual([`${kept}.onnx`, "net.onnx.data"]);
  const weights = weightsOf(out);
  const of = (name: string) => Array.from(weights.get(`net/${name}`)?.data ?? []);
  expect(of("w")).not.toEqual(numbers.slice(1, 5).map(Math.fround));

  const layer = await exportLayer(out, "net", join(folder, "back", "new.onnx"));
  expect(layer.ok && layer.value.replaced).toEqual(["w", "b", "c"]);
  expect(Buffer.from(bytes).equals(readFileSync(join(folder, "back", "new.onnx")))).toBe(true);
  const written = floats(join(folder, "back", "net.onnx.data"));
  expect(written).toEqual([9, ...of("w"), 7, ...of("b"), ...of("c"), 5]);
  expect(floats(join(folder, "model", "net.onnx.data"))).toEqual(numbers.map(Math.fround));
  // The file of the numbers is not replaced.
  expect(await exportLayer(out, "net", join(folder, "model", "new.onnx"))).toMatchObject({
    error: { problems: [{ code: "external-data" }] },
  });
});

test("a run is resumed with its own numbers, and other ones are another model", async () => {
  const folder = folderOf(model("net.onnx.data"));
  const { out } = await trained(folder);
  const data = join(folder, "model", "net.onnx.data");
  writeFileSync(data, Buffer.from(Float32Array.from(numbers.with(1, 2)).buffer));
  expect(openRun(out).ok).toBe(true);
  expect((await trained(folder, true, 5)).problems).toContain("resume-model");
  writeFileSync(data, Buffer.from(Float32Array.from(numbers).buffer));
  expect((await trained(folder, true, 5)).problems).toEqual([]);
});

test("tensors that share their bytes move into the model", async () => {
  const folder = folderOf(model("net.onnx.data", true));
  const { out } = await trained(folder);
  const layer = await exportLayer(out, "net", join(folder, "back", "new.onnx"));
  expect(layer.ok && layer.value.replaced).toEqual(["w", "b", "c"]);
  const of = (name: string) => Array.from(weightsOf(out).get(`net/${name}`)?.data ?? []);
  expect(floats(join(folder, "back", "net.onnx.data"))).toEqual([9, ...of("w"), ...numbers.slice(5)].map(Math.fround));
  expect(readFileSync(join(folder, "back", "new.onnx")).length).toBeGreaterThan(0);
});

test.each([
  ["../secret.bin", "outside of the model's folder"],
  ["/etc/hostname", "an absolute path"],
  ["none.bin", "does not exist"],
  ["link.bin", "a link"],
])("numbers in %s are refused", async (location, reason) => {
  const folder = folderOf(model(location));
  writeFileSync(join(folder, "secret.bin"), Buffer.alloc(64));
  symlinkSync(join(folder, "secret.bin"), join(folder, "model", "link.bin"));
  expect((await trained(folder)).problems).toEqual([
    `"model/net.onnx" stores tensors in "${location}", which is ${reason}.`.replace("is does", "does"),
  ]);
});

test("numbers beyond the end of the file are refused", async () => {
  const folder = folderOf(model("net.onnx.data"));
  writeFileSync(join(folder, "model", "net.onnx.data"), Buffer.alloc(20));
  expect((await trained(folder)).problems).toContain("ends at byte 32");
});
