/** Validation of the files of a run directory. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRun } from "../../../runtime/run/open.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const ports = { inputs: [{ name: "inputs", role: "data", dtype: "int32", shape: ["batch", "time"] }], outputs: [] };
const files = {
  "manifest.json": {
    format: 2,
    name: "small",
    rnnx: "0.1.0",
    hash: "aa",
    opset: { training: 18, inference: 17 },
    parameters: [{ name: "dense/W", shape: [1, 1], initializer: { type: "constant", value: 0 }, trainable: true }],
    slots: [],
    metrics: {},
    train: ports,
    eval: ports,
    model: ports,
    stream: null,
  },
  "spec.json": {
    name: "small",
    seed: 1,
    data: { type: "text" },
    cells: {},
    model: [{ layer: "dense", name: "dense", from: ["inputs"] }],
    losses: [{ type: "squared_error", from: "dense", target: "targets", weight: 1 }],
    optimizer: { type: "sgd" },
    train: { steps: 1 },
  },
  "data.json": {
    format: 1,
    metadata: { type: "text", unit: "char", vocabulary: ["a"] },
    signature: {
      inputs: { dtype: "int32", shape: ["batch", "time"] },
      targets: { dtype: "int32", shape: ["batch", "time"] },
      sizes: { vocabulary: 1 },
      expected: { batch: 1, time: 2 },
    },
  },
};

function openChanged(changes: Readonly<Record<string, unknown>>) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries({ ...files, ...changes }))
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  const run = openRun(folder);
  return run.ok ? [] : run.error.map(({ code, message }) => `${code}: ${message.replace(folder, "RUN")}`);
}

const { "manifest.json": manifest, "spec.json": spec, "data.json": data } = files;

test("an unchanged run opens", () => {
  expect(openChanged({})).toEqual([]);
});

test("a run of another version names that version", () => {
  expect(openChanged({ "manifest.json": { ...manifest, format: 3, rnnx: "3.1.0" } })).toEqual([
    'run-version: "RUN" was written by rnnx 3.1.0 in format 3, but this version reads format 2.',
  ]);
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ["a file cut short", { "spec.json": '{"name": ' }, "spec.json is not JSON"],
  ["bytes that are not UTF-8", { "data.json": "\ud800" }, "data.json is not JSON"],
  ["a list", { "data.json": [] }, "data.json is not a JSON object"],
  ["null", { "manifest.json": "null" }, "manifest.json is not a JSON object"],
  [
    "parameters without a shape",
    { "manifest.json": { ...manifest, parameters: [{ name: "W" }] } },
    'manifest.json has an invalid value for "parameters"',
  ],
  [
    "a negative size",
    { "manifest.json": { ...manifest, slots: [{ name: "W", shape: [-1], initializer: { type: "x" } }] } },
    'manifest.json has an invalid value for "slots"',
  ],
  [
    "invalid ports",
    { "manifest.json": { ...manifest, eval: { inputs: 1 } } },
    'manifest.json has an invalid value for "eval"',
  ],
  ["a model that is not a list", { "spec.json": { ...spec, model: {} } }, 'spec.json has an invalid value for "model"'],
  [
    "no signature",
    { "data.json": { ...data, signature: undefined } },
    'data.json has an invalid value for "signature"',
  ],
  ["two damaged files", { "data.json": "{", "spec.json": "{" }, "spec.json is not JSON; data.json is not JSON"],
])("%s is a damaged run", (_, changes, reason) => {
  expect(openChanged(changes)).toEqual([`not-a-run: The run "RUN" is damaged: ${reason}.`]);
});

test("a folder without these files is not a run", () => {
  const folder = temporaryFolder();
  rmSync(join(folder, "none"), { force: true });
  expect(openRun(folder)).toMatchObject({ ok: false, error: [{ code: "not-a-run" }] });
});
