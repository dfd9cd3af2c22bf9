/**
 * Exports with operators of newer opsets equal the training's forward pass in every runtime, and ONNX's reference
 * implementation in Python.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { ExportForm } from "../../../compiler/export/options.js";
import { readModel } from "../../../compiler/onnx/read/model.js";
import { exportTrainedModel } from "../../../runtime/export/index.js";
import { openReference } from "../../../runtime/export/verify/reference.js";
import { subject } from "../../support/export-subjects.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { inNode, inWeb, largestDifference } from "./runtimes.js";

const transformer = (norm: string, activation: string, attention: object) => ({
  data: { type: "text", text: "it was the best of times, it was the worst of times", unit: "char", window: 4 },
  model: [
    { layer: "embedding", size: 12 },
    { block: [{ layer: norm }, { layer: "attention", causal: true, ...attention }], residual: true },
    {
      block: [{ layer: norm }, { layer: "dense", size: 24, activation }, { layer: "dense", size: 12 }],
      residual: true,
    },
    { layer: norm },
    { layer: "projection" },
  ],
  loss: { type: "sequence_loss" },
});

const specs = {
  "layer norm, gelu, heads": transformer("layer_norm", "gelu", { heads: 2 }),
  "rms norm, gelu by tanh, grouped heads, rotary": transformer("rms_norm", "gelu_tanh", {
    heads: 4,
    head_size: 4,
    key_value_heads: 2,
    rotary: true,
  }),
  "linear biases, a window": transformer("rms_norm", "gelu", { heads: 3, alibi: true, window: 5 }),
  // Padding is hidden by a bias of each row's memory.
  "sentences of several lengths": {
    data: { type: "sequences", file: "specs/data/sentences.jsonl" },
    model: [
      { layer: "embedding", size: 12 },
      { layer: "rms_norm" },
      { layer: "attention", heads: 2 },
      { layer: "dense", size: 12, activation: "gelu_tanh" },
      { layer: "projection", size: "classes" },
    ],
    loss: { type: "sequence_loss" },
  },
};
type Name = keyof typeof specs;

/** Operators of an opset in the sequence form, those that newer opsets have among them. */
const operators: readonly (readonly [number, Name, readonly string[]])[] = [
  [16, "layer norm, gelu, heads", []],
  [17, "layer norm, gelu, heads", ["LayerNormalization"]],
  [20, "layer norm, gelu, heads", ["Gelu", "LayerNormalization"]],
  [23, "layer norm, gelu, heads", ["Attention", "Gelu", "LayerNormalization"]],
  [22, "rms norm, gelu by tanh, grouped heads, rotary", ["Gelu"]],
  [23, "rms norm, gelu by tanh, grouped heads, rotary", ["Attention", "Gelu", "RMSNormalization"]],
  [25, "linear biases, a window", ["Attention", "Gelu", "RMSNormalization"]],
  [23, "sentences of several lengths", ["Attention", "Gelu", "RMSNormalization"]],
];
const newer = new Set(["LayerNormalization", "Gelu", "RMSNormalization", "Attention"]);

async function exported(name: Name, opset: number, form: ExportForm) {
  const trained = await subject(specs[name]);
  const out = join(temporaryFolder(), "model.onnx");
  const outcome = await exportTrainedModel(trained, { out, form, opset, recurrent: "operators", unroll: null });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  return { trained, out, ...outcome.value };
}

describe.each(operators)("opset %i: %s", (opset, name, expected) => {
  const forms: readonly ExportForm[] = name.startsWith("sentences") ? ["sequence"] : ["sequence", "step", "generate"];
  test.each(forms)("the %s form in onnxruntime-node and -web", async (form) => {
    const { trained, out, model, verification } = await exported(name, opset, form);
    expect(verification.difference).toBeLessThan(1e-5);
    const reference = await openReference(trained);
    for (const load of [inNode, inWeb]) {
      const loaded = await load(out);
      expect(await largestDifference(loaded, trained, reference, { model }, { form })).toBeLessThan(1e-5);
      await loaded.release();
    }
    await reference.release();
    if (form !== "sequence") return;
    const read = readModel(readFileSync(out));
    const used = read.ok ? read.model.operators.map(({ operator }) => operator) : [];
    expect(used.filter((operator) => newer.has(operator))).toEqual(expected);
  });
});

test("onnxruntime runs the gelu of an older opset as one kernel, with the bias before it", async () => {
  const { out } = await exported("layer norm, gelu, heads", 17, "sequence");
  const optimizedModelFilePath = join(temporaryFolder(), "optimized.onnx");
  await InferenceSession.create(out, { logSeverityLevel: 4, optimizedModelFilePath });
  const read = readModel(readFileSync(optimizedModelFilePath));
  const used = read.ok ? read.model.operators.map(({ operator }) => operator) : [];
  expect(used.filter((operator) => operator.endsWith("Gelu"))).toEqual(["BiasGelu"]);
  expect(used).not.toContain("Erf");
});

const program = `
import json, sys
import numpy, onnx
from onnx.reference import ReferenceEvaluator
evaluator = ReferenceEvaluator(sys.argv[1])
types = {"lengths": numpy.int64}
feeds = {name: numpy.array(data, types.get(name, numpy.int32)) for name, data in json.loads(sys.argv[2]).items()}
print(json.dumps([output.astype(float).ravel().tolist() for output in evaluator.run(None, feeds)]))
`;
const hasReference = spawnSync("python3", ["-c", "import onnx.reference, numpy"]).status === 0;

describe.skipIf(!hasReference)("ONNX's reference implementation (with onnx in Python)", () => {
  test.each(operators)("opset %i: %s", async (opset, name) => {
    const { out } = await exported(name, opset, "sequence");
    const ids = [
      [0, 3, 5, 1, 2, 2, 7],
      [4, 4, 1, 6, 0, 3, 2],
    ];
    const session = await InferenceSession.create(out, { logSeverityLevel: 4 });
    const [first = "", ...others] = session.inputNames;
    const lengths = [7, 4];
    const hasLengths = others.length > 0;
    const results = await session.run({
      [first]: new Tensor("int32", Int32Array.from(ids.flat()), [2, 7]),
      ...(hasLengths && { lengths: new Tensor("int64", BigInt64Array.from(lengths.map(BigInt)), [2]) }),
    });
    const given = { [first]: ids, ...(hasLengths && { lengths }) };
    const { stdout, stderr } = spawnSync("python3", ["-c", program, out, JSON.stringify(given)], { encoding: "utf8" });
    expect(stderr).toBe("");
    const expected: readonly (readonly number[])[] = JSON.parse(stdout);
    for (const [index, outputName] of session.outputNames.entries()) {
      const data = Array.from(results[outputName]?.data as ArrayLike<number>, Number);
      const differences = data.map((entry, position) => Math.abs(entry - (expected[index]?.[position] ?? 0)));
      expect(expected[index]).toHaveLength(data.length);
      expect(Math.max(...differences)).toBeLessThan(1e-5);
    }
  });
});
