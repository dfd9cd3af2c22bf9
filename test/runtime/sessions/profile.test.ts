/** Times of nodes: medians over the runs of a trace, without the nodes of bodies; a model's own trace. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelNodes } from "../../../compiler/inspect/model-nodes.js";
import { profileModel, profileOf } from "../../../runtime/sessions/profile.js";
import { modelBytes } from "../../support/onnx-models.js";
import { sharedFolder } from "../../support/temporary-folder.js";

const folder = sharedFolder();

/** Runs of 1000 µs: a node Scan of `scan` µs with a node of its body in it, then an Add of 10 µs. */
function trace(...scans: readonly number[]) {
  return scans.flatMap((scan, run) => {
    const ts = 10_000 * run;
    const kernel = (name: string, start: number, dur: number) => ({
      cat: "Node",
      name: `${name}_kernel_time`,
      ts: ts + start,
      dur,
      args: { op_name: name, output_size: "8" },
    });
    return [
      kernel("Mul", 20, 5),
      kernel("Scan", 10, scan),
      kernel("Add", 500, 10),
      { cat: "Session", name: "model_run", ts, dur: 1000 },
    ];
  });
}

test("times are medians after two runs, and a body counts in its node", () => {
  // The first two runs are not counted.
  const profile = profileOf(trace(490, 490, 100, 300, 200));
  expect(profile).toMatchObject({ runs: 3, milliseconds: 1 });
  expect(profile.nodes).toEqual([
    { name: "Scan", operator: "Scan", milliseconds: 0.2, bytes: 8 },
    { name: "Add", operator: "Add", milliseconds: 0.01, bytes: 8 },
  ]);
});

const model = modelBytes({
  inputs: { x: { shape: ["n", 3] } },
  initializers: {
    "head/w": { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] },
    v: { shape: [2, 2], data: [1, 0, 0, 1] },
  },
  nodes: [
    { operator: "MatMul", inputs: ["x", "head/w"], outputs: ["m"] },
    { operator: "Tanh", inputs: ["m"], outputs: ["t"] },
    { operator: "MatMul", name: "/block/out/MatMul", inputs: ["t", "v"], outputs: ["y"] },
  ],
  outputs: ["y"],
});

test("a node's layer is that of its name, of its weight, or of the node before it; FLOPs have the sizes of the inputs", () => {
  expect(modelNodes(model, { shapes: new Map([["x", [4, 3]]]) })).toEqual([
    { name: "MatMul_0", operator: "MatMul", outputs: ["m"], layer: ["head"], flops: 2 * 4 * 3 * 2 },
    { name: "Tanh_1", operator: "Tanh", outputs: ["t"], layer: ["head"], flops: 4 * 2 },
    {
      name: "/block/out/MatMul",
      operator: "MatMul",
      outputs: ["y"],
      layer: ["block", "block/out"],
      flops: 2 * 4 * 2 * 2,
    },
  ]);
});

test("ONNX Runtime's own trace has each node, and inputs that do not fit are an error", async () => {
  const file = join(folder, "model.onnx");
  writeFileSync(file, model);
  const x = { dtype: "float32", shape: [4, 3], data: new Float32Array(12) } as const;
  const profile = await profileModel(file, new Map([["x", x]]));
  if (!profile.ok) throw new Error(profile.error.message);
  const names = profile.value.nodes.map(({ name }) => name);
  expect(names).toContain("/block/out/MatMul");
  expect(names).toContain("Tanh_1");
  expect(profile.value.runs).toBeGreaterThanOrEqual(5);
  expect(profile.value.nodes.every(({ milliseconds }) => milliseconds >= 0)).toBe(true);
  const wrong = await profileModel(file, new Map([["x", { ...x, shape: [3, 4] }]]));
  expect(wrong).toMatchObject({ ok: false });
});
