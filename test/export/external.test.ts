/** Weights in a file of their own: written, found, and refused where a model points anywhere else. */
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readModel } from "../../compiler/emit/read.js";
import { readGraph } from "../../compiler/emit/read-graph.js";
import { exportSubject } from "../../runtime/export/index.js";
import { externalProblems } from "../../runtime/external.js";
import { rnnx } from "../cli/spawn.js";
import { temporaryFolder } from "../runtime/folder.js";
import { subject } from "./subjects.js";

const spec = {
  data: { type: "text", text: "hihello", unit: "char", window: 6 },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 16 }, { layer: "projection" }],
  loss: { type: "sequence_loss" },
};

async function exported(folder: string, externalData = true) {
  const out = join(folder, "model.onnx");
  const settings = { form: "sequence", opset: 17, loops: "operators", unroll: null, externalData } as const;
  const outcome = await exportSubject(await subject(spec), { out, ...settings });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return { out, outcome };
}

function initializersOf(file: string) {
  const read = readModel(readFileSync(file));
  if (!read.ok) throw new Error(read.problem.message);
  return read.model.initializers;
}

test("large tensors lie beside the model, small ones in it; both files are there or none", async () => {
  const folder = temporaryFolder();
  const { out, outcome } = await exported(folder);
  expect(readdirSync(folder).sort()).toEqual(["model.onnx", "model.onnx.data"]);
  expect(outcome.files.map(({ name }) => name)).toEqual(["model.onnx", "model.onnx.data"]);
  const tensors = initializersOf(out);
  const apart = tensors.filter(({ external }) => external !== undefined).map(({ name }) => name);
  expect(apart).toEqual(["rnn/0/onnx/W", "rnn/0/onnx/R"]);
  expect(externalProblems(out, tensors)).toEqual([]);
  // It was loaded and compared, so its numbers are those of the model in one piece.
  expect(outcome.verification.difference).toBeLessThan(1e-5);
});

describe("a model that points elsewhere is refused", () => {
  const place = (location: string, offset = 0, length: number | null = 4) => ({
    name: "w",
    external: { location, offset, length },
  });
  const folder = () => {
    const made = temporaryFolder();
    writeFileSync(join(made, "outside"), "12345678");
    mkdirSync(join(made, "in"));
    writeFileSync(join(made, "in", "plain"), "12345678");
    mkdirSync(join(made, "in", "sub"));
    writeFileSync(join(made, "in", "sub", "plain"), "12345678");
    symlinkSync(join(made, "outside"), join(made, "in", "symbolic"));
    symlinkSync(made, join(made, "in", "up"));
    linkSync(join(made, "outside"), join(made, "in", "hard"));
    return join(made, "in", "model.onnx");
  };

  test.each([
    ["../outside", "which leads out of the model's folder"],
    ["sub/../../outside", "which leads out of the model's folder"],
    ["..\\outside", "which leads out of the model's folder"],
    ["/etc/hostname", "which is an absolute path"],
    ["C:\\weights", "which is an absolute path"],
    ["\\\\host\\share", "which is an absolute path"],
    ["", "which is no file's name"],
    ["plain\0", "which is no file's name"],
    ["absent", "which is not there"],
    ["sub", "which is no file"],
    ["symbolic", "which is a link to somewhere else"],
    ["up/outside", "which is a link to somewhere else"],
    ["hard", "which has other names too"],
  ])("%j", (location, reason) => {
    expect(externalProblems(folder(), [place(location)])).toMatchObject([
      { code: "external-data", message: expect.stringContaining(reason) },
    ]);
  });

  test.each([
    [6, 4, "and it ends behind them"],
    [-1, 4, "at a place that is no number"],
    [Number.NaN, 4, "at a place that is no number"],
    [0, 2 ** 60, "at a place that is no number"],
  ])("at %s for %s", (offset, length, reason) => {
    expect(externalProblems(folder(), [place("plain", offset, length)])).toMatchObject([
      { message: expect.stringContaining(reason) },
    ]);
  });

  test("plain files of its folder are not", () => {
    expect(externalProblems(folder(), [place("plain"), place("sub/plain"), place("./plain", 4)])).toEqual([]);
  });
});

test("inspect draws a model's graph, and says what is wrong with its file", async () => {
  const folder = temporaryFolder();
  const { out } = await exported(folder);
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
  expect([short.code, short.stderr]).toEqual([2, expect.stringContaining("and it ends behind them")]);
  writeFileSync(out, readFileSync(out).subarray(0, -40));
  const cut = await rnnx("inspect", out);
  expect([cut.code, cut.stderr]).toEqual([2, expect.stringContaining("it is cut short")]);
  expect((await rnnx("inspect", out, "--stage", "model")).code).toBe(2);
});
