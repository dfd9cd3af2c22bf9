/** Layers and activations of a spec in every exported form: equal to the whole sequence of the trained model. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ExportForm } from "../../../compiler/export/options.js";
import { exportTrainedModel } from "../../../runtime/export/index.js";
import { subject } from "../../support/export-subjects.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const spec = {
  data: { type: "text", text: "abcdeabdecabe", unit: "char", window: 4 },
  activations: {
    wave: { equations: ["y = sin(x) * 0.9 + sign(x) / 20"] },
    squared_relu: { equations: ["y = relu(x) ^ 2"] },
    gate: { equations: ["u, v = split(x, 2)", "y = u * where(v > 0, sin(v), squared_relu(-v))"] },
  },
  layers: {
    highway: {
      parameters: { Wt: ["input_size", "input_size"], Wh: ["input_size", "input_size"], b: ["input_size"] },
      equations: ["t = sigmoid(x @ Wt)", "y = t * gelu(x @ Wh + b) + (1 - t) * x"],
    },
    heads: {
      options: { count: 2 },
      parameters: { P: ["count", "input_size/count", "input_size/count"] },
      equations: [
        "k = split_heads(x, count) @ P",
        "a = softmax(k @ transpose(k)) @ k",
        "y = merge_heads(a / (1 + l2_norm(a))) + cumsum(x) / 10 + logsumexp(x) ^ 2",
      ],
    },
    mixed: {
      inputs: { context: "context_size" },
      parameters: { U: ["context_size", "input_size"] },
      equations: ["y = x * sigmoid(shift(context) @ U) + context / 2"],
    },
    echo: { parameters: { a: ["input_size"] }, equations: ["y = x - a * shift(x) + shift(tanh(x), 3) / 2"] },
  },
  model: [
    { layer: "embedding", size: 8 },
    { layer: "highway" },
    { layer: "rnn", cell: "rnn", hidden_size: 8, activation: "wave" },
    { layer: "conv1d", size: 8, kernel_size: 2, padding: "causal", activation: "gate" },
    { layer: "heads", count: 4 },
    { layer: "echo" },
    { layer: "mixed", from: ["echo", "highway"] },
    { layer: "projection" },
  ],
  loss: { type: "sequence_loss" },
};

test("a model whose outputs are not finite is not exported", async () => {
  const out = join(temporaryFolder(), "model.onnx");
  const diverging = { ...spec.layers, heads: { equations: ["y = log(-(x ^ 2))"] } };
  const model = spec.model.map((layer) => (layer.layer === "heads" ? { layer: "heads" } : layer));
  const settings = { out, form: "sequence", opset: 17, recurrent: "scan", unroll: null } as const;
  const outcome = await exportTrainedModel(await subject({ ...spec, layers: diverging, model }), settings);
  expect(JSON.stringify(outcome)).toContain("differs from the trained one by Infinity");
});

const forms: readonly ExportForm[] = ["sequence", "step", "generate"];
test.each(forms.flatMap((form) => [17, 22].map((opset) => [form, opset] as const)))(
  "%s with operators of opset %i",
  async (form, opset) => {
    const out = join(temporaryFolder(), "model.onnx");
    const outcome = await exportTrainedModel(await subject(spec), {
      out,
      form,
      opset,
      recurrent: "scan",
      unroll: null,
    });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
    expect(outcome.value.verification.difference).toBeLessThan(1e-5);
  },
);
