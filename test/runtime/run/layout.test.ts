import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Artifact } from "../../../compiler/artifact.js";
import { writeCheckpoint } from "../../../runtime/run/checkpoint.js";
import { checkRunDirectory, clearRun, writeRunInputs } from "../../../runtime/run/layout.js";
import { initialProgress } from "../../../runtime/run/training-snapshot.js";
import { durableFs } from "../../../runtime/storage/durable-fs.js";
import { specOf, textData, train } from "../../support/normal-specs.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const none = { inputs: [], outputs: [] };
const ids = { dtype: "int32", shape: ["batch", "time"] } as const;
const about = {
  metadata: { type: "arrays" },
  signature: { inputs: ids, targets: ids, sizes: {}, expected: { batch: 1, time: 1 } },
} as const;
const artifact: Artifact = {
  train: Uint8Array.of(1),
  eval: Uint8Array.of(2),
  model: Uint8Array.of(3),
  stream: null,
  shard: null,
  sampler: null,
  manifest: {
    format: 2,
    name: "small",
    rnnx: "0.1.0",
    hash: "",
    opset: { training: 18, inference: 17 },
    parameters: [],
    slots: [],
    metrics: {},
    train: none,
    eval: none,
    model: none,
    stream: null,
    shard: null,
  },
};

test("the recorded spec has data files relative to the run directory", () => {
  const folder = temporaryFolder();
  const out = join(folder, "runs", "small");
  mkdirSync(out, { recursive: true });
  const spec = specOf({ data: { ...textData, text: null, file: "data/t.txt" } });
  writeRunInputs(durableFs, out, spec, join(folder, "specs"), artifact, about);
  expect(readdirSync(out).sort()).toEqual(["data.json", "eval.onnx", "manifest.json", "spec.json", "train.onnx"]);
  const recorded = JSON.parse(readFileSync(join(out, "spec.json"), "utf8"));
  expect(recorded).toEqual({ ...spec, data: { ...spec.data, file: "../../specs/data/t.txt" } });

  const absolute = specOf({ data: { ...textData, text: null, file: "/data/t.txt" } });
  writeRunInputs(durableFs, out, absolute, folder, artifact, about);
  expect(JSON.parse(readFileSync(join(out, "spec.json"), "utf8")).data.file).toBe("/data/t.txt");
});

test("a directory may be new, a run's, or have other files", () => {
  const folder = temporaryFolder();
  expect(checkRunDirectory(join(folder, "new"))).toEqual([]);
  writeFileSync(join(folder, "notes.txt"), "");
  expect(checkRunDirectory(folder)).toEqual([]);
  writeRunInputs(durableFs, folder, specOf({}), folder, artifact, about);
  expect(checkRunDirectory(folder)).toEqual([]);
});

test("files of these names that no run wrote are not replaced", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "spec.json"), "{}");
  const hint = "Name another directory with --out.";
  expect(checkRunDirectory(folder)).toEqual([
    {
      code: "run-directory",
      path: "",
      message: `"${folder}" has a spec.json that no run wrote. Training would replace it.`,
      hint,
    },
  ]);
  const file = join(folder, "spec.json");
  expect(checkRunDirectory(file)).toEqual([
    { code: "run-directory", path: "", message: `The run directory "${file}" is a file.`, hint },
  ]);
});

test("clearing a run keeps other files", () => {
  const folder = temporaryFolder();
  writeRunInputs(durableFs, folder, specOf({}), folder, artifact, about);
  const checkpoints = join(folder, "checkpoints");
  const state = { format: 1 as const, step: 3, loss: 1, seed: 1, spec: "", data: "", progress: initialProgress };
  writeCheckpoint(durableFs, checkpoints, { state, parameters: new Map(), slots: new Map(), states: new Map() }, train);
  for (const name of ["notes.txt", "metrics.jsonl", "weights.safetensors", "model.onnx.partial"]) {
    writeFileSync(join(folder, name), "");
  }
  writeFileSync(join(checkpoints, "mine"), "");
  clearRun(durableFs, folder);
  expect(readdirSync(folder).sort()).toEqual(["checkpoints", "manifest.json", "notes.txt"]);
  expect(readdirSync(checkpoints)).toEqual(["mine"]);
});
