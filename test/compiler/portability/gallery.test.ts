/** Every training step of the gallery, in float32 and float16, has device kernels for all nodes, by the rules. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { readModel } from "../../../compiler/onnx/read/model.js";
import { readNodes } from "../../../compiler/onnx/read/nodes.js";
import { portability } from "../../../compiler/portability/report.js";
import { openData } from "../../../runtime/data/index.js";
import { resolveBatchSize } from "../../../runtime/memory/batch-size.js";
import { readSpecFile } from "../../../schema/read.js";

const folder = join(import.meta.dirname, "../../../specs");
const names = readdirSync(folder).filter((file) => file.endsWith(".json"));

function findings(bytes: Uint8Array, device: string) {
  const read = readModel(bytes);
  if (!read.ok) throw new Error(read.problem.message);
  return portability(read.model, readNodes(bytes)).find(({ runtime }) => runtime.endsWith(device))?.findings;
}

test.for(names)("%s", async (file, { skip }) => {
  const read = await readSpecFile(join(folder, file));
  if (!read.ok) throw new Error(`${file} is wrong`);
  const opened = await openData(read.spec, folder);
  if (!opened.ok) return skip("its data is not here");
  const { spec } = await resolveBatchSize(read.spec, opened.value);
  const signature = opened.value.signature(spec.train);
  const precisions = ["float32", { type: "float16", loss_scale: { initial: 1024, growth_interval: 100 } }] as const;
  for (const precision of precisions) {
    const compiled = await compile({ ...spec, train: { ...spec.train, precision } }, signature);
    if (!compiled.ok) throw new Error(`${file} does not compile`);
    expect(findings(compiled.artifact.train, "CUDA")).toEqual([]);
  }
});
