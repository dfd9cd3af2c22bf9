/** Streams of models trained with lengths: a sequence alone, in parts, has the outputs that it has in a padded batch. */
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import type { Ports } from "../../../compiler/artifact.js";
import { compile } from "../../../compiler/compile.js";
import { withWeights } from "../../../compiler/onnx/splice/weights.js";
import { exportTrainedModel } from "../../../runtime/export/index.js";
import { createRecurrentStates } from "../../../runtime/sessions/recurrent-states.js";
import { subject } from "../../support/export-subjects.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const lengths = [7, 4, 1];
const TIME = 7;
const CLASSES = 3;
const ids = lengths.map((_, row) => Array.from({ length: TIME }, (_, step) => (3 * row + step * step) % 5));
const targets = ids.map((row) => row.map((id) => id % CLASSES));

const models: Readonly<Record<string, readonly object[]>> = {
  "heads, positions and a convolution": [
    { layer: "position", type: "learned", length: TIME },
    { layer: "attention", heads: 2, causal: true },
    { layer: "conv1d", size: 8, kernel_size: 3, padding: "causal" },
  ],
  "rotary heads in a window, a cell, scores without heads": [
    { layer: "attention", heads: 2, causal: true, rotary: true, window: 2 },
    { layer: "rnn", cell: "gru", hidden_size: 8 },
    { layer: "attention", causal: true, score: "general" },
  ],
  "linear biases": [{ layer: "attention", heads: 4, key_value_heads: 2, causal: true, alibi: true }],
};

const trainedModel = (layers: readonly object[]) =>
  subject({
    data: { type: "arrays", inputs: ids, targets, lengths },
    model: [{ layer: "embedding", size: 8 }, ...layers, { layer: "projection", size: CLASSES, activation: "softmax" }],
    loss: { type: "cross_entropy" },
  });

async function modelsOf(layers: readonly object[]) {
  const { spec, signature, parameters } = await trainedModel(layers);
  const compiled = await compile(spec, signature);
  if (!compiled.ok || compiled.artifact.stream === null || compiled.artifact.manifest.stream === null)
    throw new Error("the model has no stream");
  const weights = [...parameters].map(([name, { shape, data }]) => ({ name, dtype: "float32" as const, shape, data }));
  const open = (model: Uint8Array) => InferenceSession.create(withWeights(model, weights), { logSeverityLevel: 4 });
  const { model, stream, manifest } = compiled.artifact;
  return { model: await open(model), stream: await open(stream), ports: manifest.stream as Ports };
}

const idTensor = (rows: readonly (readonly number[])[]) =>
  new Tensor("int32", Int32Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0]);

test.each(Object.entries(models))("the stream of %s", async (_, layers) => {
  const { model, stream, ports } = await modelsOf(layers);
  expect(model.inputNames).toContain("lengths");
  expect(stream.inputNames).not.toContain("lengths");
  const lengthTensor = new Tensor("int64", BigInt64Array.from(lengths, BigInt), [lengths.length]);
  const { outputs } = await model.run({ inputs: idTensor(ids), lengths: lengthTensor });
  const expected = outputs?.data as Float32Array;
  for (const [row, length] of lengths.entries()) {
    for (const part of [1, 3]) {
      const states = createRecurrentStates(ports);
      for (let start = 0; start < length; start += part) {
        const steps = (ids[row] ?? []).slice(start, Math.min(start + part, length));
        const results = await stream.run({ ...states.feeds(1), inputs: idTensor([steps]) });
        states.update(results);
        const from = (row * TIME + start) * CLASSES;
        const found = Array.from(results.outputs?.data as Float32Array);
        expect(found).toHaveLength(steps.length * CLASSES);
        for (const [index, value] of found.entries())
          expect(Math.abs(value - (expected[from + index] ?? Number.NaN))).toBeLessThan(1e-5);
      }
    }
  }
});

test.each(Object.entries(models))("the step form of %s", async (_, layers) => {
  const options = { form: "step", opset: 17, recurrent: "scan", unroll: null } as const;
  const outcome = await exportTrainedModel(await trainedModel(layers), {
    ...options,
    out: join(temporaryFolder(), "model.onnx"),
  });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  expect(outcome.value.verification.difference).toBeLessThan(1e-5);
});
