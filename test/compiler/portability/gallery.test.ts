/**
 * Every training step of the gallery, in float32 and float16, has CUDA kernels for all nodes, by the rules, and the nodes
 * that ONNX Runtime places on the CPU by choice are those that it placed there.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { readModel } from "../../../compiler/onnx/read/model.js";
import { readNodes } from "../../../compiler/onnx/read/nodes.js";
import { portability } from "../../../compiler/portability/report.js";
import { openData } from "../../../runtime/data/index.js";
import { resolveBatchSize } from "../../../runtime/memory/batch-size.js";
import { resolveClassWeights } from "../../../runtime/training/class-weights.js";
import { readSpecFile } from "../../../schema/read.js";

const folder = join(import.meta.dirname, "../../../specs");
const names = readdirSync(folder).filter((file) => file.endsWith(".json"));

/**
 * Nodes on the CPU of the training step in float32 and in float16: the log "Node placements" of ONNX Runtime 1.29 with its
 * CUDA provider.
 */
const measured: Readonly<Record<string, readonly [number, number]>> = {
  batches: [6, 6],
  caption: [8, 8],
  dropout: [10, 10],
  feedforward: [4, 4],
  hello: [5, 5],
  hihello: [6, 6],
  "if-you-want-you": [7, 7],
  "keras-states": [7, 7],
  lengths: [5, 5],
  "max-pool": [8, 8],
  "minimal-gated": [7, 7],
  "mnist-rows": [6, 6],
  "shakespeare-small": [7, 7],
  "ship-tied": [7, 7],
  ship: [7, 7],
  spam: [8, 8],
  static: [6, 6],
  stock: [5, 5],
  tagging: [8, 8],
  translate: [11, 11],
  weather: [8, 8],
};

function report(bytes: Uint8Array, device: string) {
  const read = readModel(bytes);
  if (!read.ok) throw new Error(read.problem.message);
  return portability(read.model, readNodes(bytes)).find(({ runtime }) => runtime.endsWith(device));
}

test.for(names)("%s", async (file, { skip }) => {
  const read = await readSpecFile(join(folder, file));
  if (!read.ok) throw new Error(`${file} is wrong`);
  const opened = await openData(read.spec, folder);
  if (!opened.ok) return skip("its data is not here");
  const weighted = resolveClassWeights(read.spec, opened.value);
  if (!weighted.ok) throw new Error(`${file} has wrong class weights`);
  const { spec } = await resolveBatchSize(weighted.value.spec, opened.value);
  const signature = opened.value.signature(spec.train);
  const precisions = ["float32", { type: "float16", loss_scale: { initial: 1024, growth_interval: 100 } }] as const;
  for (const [index, precision] of precisions.entries()) {
    const compiled = await compile({ ...spec, train: { ...spec.train, precision } }, signature);
    if (!compiled.ok) throw new Error(`${file} does not compile`);
    const { findings = [], nodes } = report(compiled.artifact.train, "CUDA") ?? {};
    expect(findings.filter(({ outcome }) => outcome !== "host")).toEqual([]);
    const placed = measured[file.replace(".json", "")]?.[index];
    if (placed !== undefined) expect(nodes?.host).toBe(placed);
  }
});
