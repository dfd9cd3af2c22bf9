/** External data: written, read, and refused outside of the model's folder. */
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readGraph } from "../../../compiler/onnx/read/graph.js";
import { readModel } from "../../../compiler/onnx/read/model.js";
import { exportTrainedModel } from "../../../runtime/export/index.js";
import { checkExternalData } from "../../../runtime/import/external-data.js";
import { subject } from "../../support/export-subjects.js";
import { rnnx } from "../../support/spawn.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const spec = {
  data: { type: "text", text: "hihello", unit: "char", window: 6 },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 16 }, { layer: "projection" }],
  loss: { type: "sequence_loss" },
};

async function exportTo(folder: string, externalData = true) {
  const out = join(folder, "model.onnx");
  const settings = { form: "sequence", opset: 17, recurrent: "operators", unroll: null, externalData } as const;
  const outcome = await exportTrainedModel(await subject(spec), { out, ...settings });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return { out, outcome };
}

function initializersOf(file: string) {
  const read = readModel(readFileSync(file));
  if (!read.ok) throw new Error(read.problem.message);
  return read.model.initializers;
}

test("large tensors are external, small ones in the model; both files exist or neither", async () => {
  const folder = temporaryFolder();
  const { out, outcome } = await exportTo(folder);
  expect(readdirSync(folder).sort()).toEqual(["model.onnx", "model.onnx.data"]);
  expect(outcome.value.files.map(({ name }) => name)).toEqual(["model.onnx", "model.onnx.data"]);
  const tensors = initializersOf(out);
  const externalNames = tensors.filter(({ external }) => external !== undefined).map(({ name }) => name);
  expect(externalNames).toEqual(["rnn/0/onnx/W", "rnn/0/onnx/R"]);
  expect(checkExternalData(out, tensors)).toEqual([]);
  // Verification has compared its outputs with the trained model's.
  expect(outcome.value.verification.difference).toBeLessThan(1e-5);
});

describe("external data elsewhere is refused", () => {
  const externalLocation = (location: string, offset = 0, length: number | null = 4) => ({
    name: "w",
    external: { location, offset, length },
  });
  const folder = () => {
    const directory = temporaryFolder();
    writeFileSync(join(directory, "outside"), "12345678");
    mkdirSync(join(directory, "in"));
    writeFileSync(join(directory, "in", "plain"), "12345678");
    mkdirSync(join(directory, "in", "sub"));
    writeFileSync(join(directory, "in", "sub", "plain"), "12345678");
    symlinkSync(join(directory, "outside"), join(directory, "in", "symbolic"));
    symlinkSync(directory, join(directory, "in", "up"));
    linkSync(join(directory, "outside"), join(directory, "in", "hard"));
    return join(directory, "in", "model.onnx");
  };

  test.each([
    ["../outside", "which is outside of the model's folder"],
    ["sub/../../outside", "which is outside of the model's folder"],
    ["..\\outside", "which is outside of the model's folder"],
    ["/etc/hostname", "which is an absolute path"],
    ["C:\\weights", "which is an absolute path"],
    ["\\\\host\\share", "which is an absolute path"],
    ["", "which is not a file name"],
    ["plain\0", "which is not a file name"],
    ["absent", "which does not exist"],
    ["sub", "which is not a file"],
    ["symbolic", "which is a link"],
    ["up/outside", "which is a link"],
    ["hard", "which has other hard links"],
  ])("%j", (location, reason) => {
    expect(checkExternalData(folder(), [externalLocation(location)])).toMatchObject([
      { code: "external-data", message: expect.stringContaining(reason) },
    ]);
  });

  test.each([
    [6, 4, "but the tensor ends at byte"],
    [-1, 4, "at an invalid offset"],
    [Number.NaN, 4, "at an invalid offset"],
    [0, 2 ** 60, "at an invalid offset"],
  ])("at %s for %s", (offset, length, reason) => {
    expect(checkExternalData(folder(), [externalLocation("plain", offset, length)])).toMatchObject([
      { message: expect.stringContaining(reason) },
    ]);
  });

  test("regular files in the model's folder are read", () => {
    expect(
      checkExternalData(folder(), [
        externalLocation("plain"),
        externalLocation("sub/plain"),
        externalLocation("./plain", 4),
      ]),
    ).toEqual([]);
  });
});

test("inspect draws a model's graph and reports invalid external data", async () => {
  const folder = temporaryFolder();
  const { out } = await exportTo(folder);
  const graph = readGraph(readFileSync(out));
  expect(graph.nodes.map(({ operator }) => operator)).toContain("LSTM");

  const dot = await rnnx("inspect", out, "--format", "dot");
  expect(dot.code).toBe(0);
  expect(dot.stdout).toMatch(/^digraph "model" \{/);
  expect(dot.stdout).toContain('[label="LSTM\\nhidden_size=16"');
  const text = await rnnx("inspect", out, "--format", "text");
  expect(text.stdout).toContain("LSTM hidden_size=16(");
  const svg = await rnnx("inspect", out, "--format", "svg");
  expect(svg.stdout).toContain("</svg>");

  truncateSync(`${out}.data`, 100);
  const short = await rnnx("inspect", out);
  expect([short.code, short.stderr]).toEqual([2, expect.stringContaining("but the tensor ends at byte")]);
  writeFileSync(out, readFileSync(out).subarray(0, -40));
  const truncated = await rnnx("inspect", out);
  expect([truncated.code, truncated.stderr]).toEqual([2, expect.stringContaining("it is truncated")]);
  expect((await rnnx("inspect", out, "--stage", "model")).code).toBe(2);
});
