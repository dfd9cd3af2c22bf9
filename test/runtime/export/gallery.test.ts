/** Every spec of the gallery in every form: the exported file matches the training's forward pass in every runtime. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { type ExportForm, exportForms } from "../../../compiler/export/options.js";
import { exportTrainedModel } from "../../../runtime/export/index.js";
import type { TrainedModel } from "../../../runtime/export/source-run.js";
import { openReference } from "../../../runtime/export/verify/reference.js";
import { whyNotStreamable } from "../../../schema/kinds/layers.js";
import { smallGallerySubject, subject } from "../../support/export-subjects.js";
import { inNode, inOpenCv, inWeb, largestDifference } from "./runtimes.js";

const specs = fileURLToPath(new URL("../../../specs", import.meta.url));
const names = readdirSync(specs).flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -".json".length)] : []));
const folder = mkdtempSync(join(tmpdir(), "rnnx-gallery-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function refusalOf(form: ExportForm, { spec, metadata }: TrainedModel): string | undefined {
  if (form === "generate" && metadata.type !== "text") return "not-text";
  return form !== "sequence" && whyNotStreamable(spec.model) !== undefined ? "not-streaming" : undefined;
}

/** One recurrent layer of one cell over token ids, which OpenCV supports: it reads matrices only. */
function isOneLayerOfTokens({ spec, signature }: TrainedModel): boolean {
  const [first, ...others] = spec.model.flatMap((layer) => (layer.layer === "rnn" ? layer.cells : []));
  const only = Object.keys(signature.side_inputs ?? {}).length === 0 && signature.lengths === undefined;
  return first !== undefined && others.length === 0 && only && signature.inputs.dtype !== "float32";
}

describe.each(names)("%s", (name) => {
  test.each(exportForms)("in the %s form", async (form) => {
    const subject = await smallGallerySubject(name);
    const out = join(folder, `${name}-${form}.onnx`);
    const outcome = await exportTrainedModel(subject, { out, form, opset: 17, recurrent: "operators", unroll: null });
    const reason = refusalOf(form, subject);
    if (reason !== undefined) {
      expect(outcome).toMatchObject({ ok: false, error: { kind: "input", problems: [{ code: reason }] } });
      return;
    }
    if (!outcome.ok) throw new Error(JSON.stringify(outcome));
    expect(outcome.value.verification.difference).toBeLessThan(1e-5);
    const reference = await openReference(subject);
    for (const load of [inNode, inWeb]) {
      const loaded = await load(out);
      expect(await largestDifference(loaded, subject, reference, outcome.value, { form })).toBeLessThan(1e-5);
      await loaded.release();
    }
    await reference.release();
  });
});

/** Exports a model for OpenCV.js and compares it with the training's forward pass; returns the forms of its cells. */
async function exportedForOpenCv(name: string, subject: TrainedModel): Promise<readonly string[]> {
  const out = join(folder, `${name}-opencv.onnx`);
  const settings = { out, form: "sequence", opset: 17, recurrent: "operators" } as const;
  const forms: string[] = [];
  let unroll: number | null = null;
  let outcome = await exportTrainedModel(subject, { ...settings, unroll });
  if (outcome.ok && !outcome.value.cells.every(({ form }) => form === "LSTM" || form === "GRU")) {
    forms.push(...outcome.value.cells.map(({ form }) => form));
    unroll = 5;
    outcome = await exportTrainedModel(subject, { ...settings, unroll });
  }
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  const loaded = await inOpenCv(out, outcome.value.model);
  const reference = await openReference(subject);
  const trial = { model: outcome.value.model };
  expect(await largestDifference(loaded, subject, reference, trial, { form: "sequence", unroll })).toBeLessThan(1e-5);
  await Promise.all([loaded.release(), reference.release()]);
  return [...forms, ...new Set(outcome.value.cells.map(({ form }) => form))];
}

test("a custom cell is a Scan, and runs unrolled in OpenCV.js", async () => {
  const leaky = {
    state: { h: "hidden_size" },
    parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"], a: ["hidden_size"] },
    equations: ["k = sigmoid(a)", "n = tanh(x @ W + h @ U)", "h' = (1 - k) * h + k * n"],
    output: "h'",
  };
  const own = await subject({
    data: { type: "text", text: "hello world, hello you", window: 5 },
    cells: { leaky },
    model: [
      { layer: "one_hot" },
      { layer: "rnn", cell: "leaky", hidden_size: 6 },
      { layer: "projection", size: "vocabulary", activation: "softmax" },
    ],
    loss: { type: "sequence_loss" },
  });
  expect(await exportedForOpenCv("leaky", own)).toEqual(["Scan", "unrolled"]);
});

test("models of one layer over tokens run in OpenCV.js: operators directly, other cells unrolled", async () => {
  const ran: string[] = [];
  for (const name of names) {
    const subject = await smallGallerySubject(name);
    if (!isOneLayerOfTokens(subject)) continue;
    const forms = await exportedForOpenCv(name, subject);
    ran.push(`${name} ${forms.at(-1)}`);
  }
  expect(ran).toMatchInlineSnapshot(`
    [
      "batches LSTM",
      "hello unrolled",
      "hihello LSTM",
      "if-you-want-you LSTM",
      "shakespeare-small LSTM",
      "static LSTM",
    ]
  `);
});

const checks = `
import sys, onnx
from onnx import checker, shape_inference
for path in sys.argv[1:]:
    try:
        checker.check_model(path, full_check=True)
        shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:
        print(path, error)
`;
const python = "/usr/bin/python3";
const hasOnnx = spawnSync(python, ["-c", "import onnx"]).status === 0;

test("all pass onnx's checker and strict shape inference", ({ skip }) => {
  skip(!hasOnnx, "python3-onnx is not installed");
  const files = readdirSync(folder).map((file) => join(folder, file));
  expect(files.length).toBeGreaterThan(40);
  const { stdout, stderr } = spawnSync(python, ["-c", checks, ...files], { encoding: "utf8" });
  expect(stdout + stderr).toBe("");
});
