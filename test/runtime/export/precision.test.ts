/**
 * Reduced precision: the smaller file matches the model with rounded weights, and reports the difference from the
 * trained one.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ExportForm, Precision } from "../../../compiler/export/options.js";
import { packWeights, quantizeParameters } from "../../../compiler/export/precision.js";
import { toFloat16Bits } from "../../../compiler/ir/float16.js";
import { readModel } from "../../../compiler/onnx/read/model.js";
import { exportTrainedModel } from "../../../runtime/export/index.js";
import type { TrainedModel } from "../../../runtime/export/source-run.js";
import { float16ToNumber } from "../../../runtime/tensors/half-float.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { smallGallerySubject, subject } from "../../support/export-subjects.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const settings = { opset: 17, recurrent: "operators", unroll: null } as const;

function randomValues(count: number, scale = 1): Float32Array {
  const random = randomStream(1, "numbers");
  return Float32Array.from({ length: count }, () => scale * random.normal());
}

const singleTensor = (shape: readonly number[], data: Float32Array) => new Map([["W", { shape, data }]]);

describe("float16", () => {
  test("every float16 value is preserved", () => {
    const finiteBits = Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
      (bits) => !Number.isNaN(float16ToNumber(bits)),
    );
    expect(finiteBits.filter((bits) => toFloat16Bits(float16ToNumber(bits)) !== bits)).toEqual([]);
  });

  test("values round to nearest, ties to even", () => {
    for (const value of [...randomValues(2000), ...randomValues(500, 1e-6), ...randomValues(500, 1e4)]) {
      const bits = toFloat16Bits(value);
      const neighbours = [bits - 1, bits + 1]
        .filter((neighbour) => neighbour >= 0 && (neighbour & 0x7fff) <= 0x7c00)
        .map(float16ToNumber);
      const error = Math.abs(float16ToNumber(bits) - value);
      for (const neighbour of neighbours) expect(error).toBeLessThanOrEqual(Math.abs(neighbour - value));
    }
    expect(float16ToNumber(toFloat16Bits(1 + 2 ** -11))).toBe(1);
    expect(float16ToNumber(toFloat16Bits(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(toFloat16Bits(65519)).toBe(0x7bff);
    expect(float16ToNumber(toFloat16Bits(65520))).toBe(Number.POSITIVE_INFINITY);
  });

  test("a tensor beyond the range is not converted", () => {
    const data = Float32Array.of(1.0001, 70000);
    expect(quantizeParameters(singleTensor([2], data), "float16").get("W")?.data).toEqual(data);
  });
});

describe("int8", () => {
  test("is within half a step of the scale per row or column, and idempotent", () => {
    const data = randomValues(16 * 8);
    // Rows of very different magnitude: scales per row preserve them, scales per column would not.
    for (let row = 0; row < 16; row++)
      for (let column = 0; column < 8; column++) data[row * 8 + column] = (data[row * 8 + column] ?? 0) * 2 ** row;
    const once = quantizeParameters(singleTensor([16, 8], data), "int8");
    const values = once.get("W")?.data ?? new Float32Array();
    for (let row = 0; row < 16; row++) {
      const error = data.subarray(row * 8, row * 8 + 8);
      const step = Math.max(...error.map(Math.abs)) / 127;
      error.forEach((value, column) => {
        expect(Math.abs(value - (values[row * 8 + column] ?? 0))).toBeLessThanOrEqual(step * 0.50001);
      });
    }
    expect(quantizeParameters(once, "int8").get("W")?.data).toEqual(values);
    const { packed: small, plain } = packWeights(
      [{ name: "W", dtype: "float32", shape: [16, 8], data: values }],
      "int8",
    );
    expect([small.length, plain.length]).toEqual([1, 0]);
    expect(packWeights([{ name: "W", dtype: "float32", shape: [16, 8], data }], "int8").plain).toHaveLength(1);
  });

  test("vectors and small kernels stay in float32; zeros are zeros", () => {
    for (const shape of [[100], [7, 9]]) {
      const data = randomValues(shape.reduce((a, b) => a * b));
      expect(quantizeParameters(singleTensor(shape, data), "int8").get("W")?.data).toEqual(data);
    }
    expect(quantizeParameters(singleTensor([8, 8], new Float32Array(64)), "int8").get("W")?.data).toEqual(
      new Float32Array(64),
    );
  });
});

const rows = Array.from({ length: 3 }, (_, row) => [0, 1, 2, 3].map((step) => (row + step) % 4));
const tokens = { data: { type: "arrays", inputs: rows, targets: rows }, loss: { type: "sequence_loss" } };
const models: readonly [string, readonly object[]][] = [
  [
    "LSTMs in two directions",
    [
      { layer: "embedding", size: 12 },
      { layer: "rnn", cell: "lstm", hidden_size: 9, layers: 2, bidirectional: "concat" },
      { layer: "projection", size: "vocabulary", activation: "softmax" },
    ],
  ],
  [
    "a GRU",
    [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 16 }, { layer: "dense", size: "vocabulary" }],
  ],
  [
    "a cell that is a loop",
    [
      { layer: "embedding", size: 12 },
      { layer: "rnn", cell: "mingru", hidden_size: 12, layer_norm: true },
      { layer: "dense", size: "vocabulary" },
    ],
  ],
];

async function exportWith(source: TrainedModel, form: ExportForm, precision: Precision) {
  const out = join(temporaryFolder(), "model.onnx");
  const outcome = await exportTrainedModel(source, { ...settings, out, form, precision });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  const read = readModel(readFileSync(out));
  if (!read.ok) throw new Error(read.problem.message);
  return { outcome, model: read.model };
}

describe.each(models)("%s", (name, model) => {
  const forms: ExportForm[] = name.includes("directions") ? ["sequence"] : ["sequence", "step"];
  test.each(forms.flatMap((form) => (["float16", "int8"] as const).map((bits) => [form, bits] as const)))(
    "in the %s form as %s",
    async (form, precision) => {
      const { outcome, model: exportedModel } = await exportWith(await subject({ ...tokens, model }), form, precision);
      // It matches the model with rounded weights exactly.
      expect(outcome.value.verification.difference).toBeLessThan(1e-5);
      const { bytes, difference } = outcome.value.cost ?? { bytes: { before: 0, after: 0 }, difference: 0 };
      expect(difference).toBeGreaterThan(1e-6);
      expect(difference).toBeLessThan(precision === "float16" ? 0.02 : 0.5);
      expect(bytes.before).toBeGreaterThan(0);
      expect(exportedModel.metadata["rnnx.precision"]).toBe(precision);
      expect(exportedModel.operators.every(({ domain }) => domain === "ai.onnx")).toBe(true);
      const stored = exportedModel.initializers.filter(({ dtype }) => dtype === precision);
      expect(stored.length).toBeGreaterThan(1);
    },
  );
});

test("a text model generates with them", async () => {
  const { outcome } = await exportWith(await smallGallerySubject("hihello"), "generate", "float16");
  expect(outcome.value.cost).toMatchObject({ precision: "float16", difference: null });
});

test("large models shrink to a half and nearly a quarter", async () => {
  const of = await smallGallerySubject("ship");
  const [half16, eighth] = [await exportWith(of, "sequence", "float16"), await exportWith(of, "sequence", "int8")];
  const share = ({ outcome: { value } }: typeof half16) =>
    (value.cost?.bytes.after ?? 1) / (value.cost?.bytes.before ?? 1);
  expect(share(half16)).toBeLessThan(0.55);
  expect(share(eighth)).toBeLessThan(0.4);
});

test("training state needs float32", async () => {
  const of = await subject({ ...tokens, model: models[1]?.[1] ?? [] });
  const out = join(temporaryFolder(), "model.onnx");
  const training = { slots: new Map(), states: new Map() };
  const outcome = await exportTrainedModel(
    { ...of, optimizerState: training },
    { ...settings, out, form: "sequence", precision: "int8" },
  );
  expect(outcome).toMatchObject({ ok: false, error: { kind: "input", problems: [{ code: "precision" }] } });
});
