/** Causal attention step by step: exported forms against whole sequences, and generated ids against those of a run. */

import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import type { ExportForm } from "../../../compiler/export/options.js";
import { withWeights } from "../../../compiler/onnx/splice/weights.js";
import { exportTrainedModel } from "../../../runtime/export/index.js";
import { createTokenGenerator } from "../../../runtime/generation/autoregressive.js";
import { outputActivationOf } from "../../../schema/kinds/outputs.js";
import { subject } from "../../support/export-subjects.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const writer = (...layers: object[]) => ({
  data: { type: "text", text: "abcdeabdecabe", unit: "char", window: 4 },
  model: [{ layer: "embedding", size: 8 }, ...layers, { layer: "projection" }],
  loss: { type: "sequence_loss" },
});
const heads = { layer: "attention", heads: 2, causal: true };

const specs = {
  "heads and learned positions": writer({ layer: "position", type: "learned", length: 99 }, heads),
  "grouped heads, rotary": writer({ ...heads, heads: 4, key_value_heads: 2, rotary: true }),
  "linear biases, sinusoidal positions": writer({ layer: "position", type: "sinusoidal" }, { ...heads, alibi: true }),
  "a window, rotary, linear biases": writer({ ...heads, window: 3, rotary: true, alibi: true }),
  "a window of the step itself": writer({ ...heads, window: 0 }),
  "scores without heads": writer({ layer: "attention", score: "general", scale: true, causal: true }),
  "additive scores in a window": writer({ layer: "attention", score: "additive", causal: true, window: 2 }),
  "a query and a memory, around an rnn": writer(
    { layer: "rnn", cell: "mingru", hidden_size: 8 },
    { ...heads, name: "first", from: ["rnn", "embedding"] },
    { ...heads, name: "second", window: 5, from: ["first", "rnn"] },
  ),
};
const cases = Object.entries(specs);
const forms: readonly ExportForm[] = ["sequence", "step", "generate"];

async function exported(spec: object, form: ExportForm, out = join(temporaryFolder(), "model.onnx")) {
  return exportTrainedModel(await subject(spec), { out, form, opset: 17, recurrent: "scan", unroll: null });
}

describe("exported forms equal the whole sequence", () => {
  test.each(cases.flatMap(([name, spec]) => forms.map((form) => [name, form, spec] as const)))(
    "%s in the %s form",
    async (_, form, spec) => {
      const outcome = await exported(spec, form);
      if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
      expect(outcome.value.verification.difference).toBeLessThan(1e-5);
    },
  );

  test("attention that is not causal has no step form", async () => {
    const outcome = await exported(writer({ ...heads, causal: false }), "step");
    expect(JSON.stringify(outcome)).toContain("attention is not causal, and needs the whole sequence");
  });

  test("states hold as many steps as the window", async () => {
    const out = join(temporaryFolder(), "model.onnx");
    await exported(specs["a window, rotary, linear biases"], "step", out);
    const session = await InferenceSession.create(out, { logSeverityLevel: 4 });
    const keys = session.inputMetadata.find(({ name }) => name === "attention/keys");
    expect(keys).toMatchObject({ shape: ["batch", 2, 3, 4] });
  });
});

/** Greedy ids after a prompt, by the generator of a run: the prompt at once, then id by id. */
async function generatedByRun(spec: object, prompt: readonly number[], length: number): Promise<readonly number[]> {
  const { spec: normal, signature, parameters } = await subject(spec);
  const compiled = await compile(normal, signature);
  if (!compiled.ok || compiled.artifact.stream === null || compiled.artifact.manifest.stream === null)
    throw new Error("the model has no stream");
  const weights = [...parameters].map(([name, { shape, data }]) => ({ name, dtype: "float32" as const, shape, data }));
  const session = await InferenceSession.create(withWeights(compiled.artifact.stream, weights), {
    logSeverityLevel: 4,
  });
  const activation = outputActivationOf(normal.model);
  const generator = await createTokenGenerator(session, compiled.artifact.manifest.stream, activation, []);
  const sampling = { temperature: 0, topK: null, topP: null };
  const ids: number[] = [];
  const random = { uniform: () => 0.5 };
  for await (const id of generator.generate({ prompt, length, sampling, random, parameters: {} })) ids.push(id);
  return ids;
}

/** The same by the generate form. */
async function generatedByModel(spec: object, prompt: readonly number[], length: number): Promise<readonly number[]> {
  const out = join(temporaryFolder(), "model.onnx");
  await exported(spec, "generate", out);
  const session = await InferenceSession.create(out, { logSeverityLevel: 4 });
  const scalar = (value: number) => new Tensor("int64", BigInt64Array.of(BigInt(value)), []);
  const { tokens } = await session.run({
    prompt: new Tensor("int32", Int32Array.from(prompt), [1, prompt.length]),
    length: scalar(length),
    temperature: new Tensor("float32", Float32Array.of(0), []),
    seed: scalar(1),
  });
  return Array.from(tokens?.data as Int32Array);
}

describe("the generate form writes the ids that a run generates", () => {
  // 95 ids are three blocks of 32 steps, the last of which has a step more than ids.
  test.each(cases.flatMap(([name, spec]) => [1, 18, 95].map((length) => [name, length, spec] as const)))(
    "%s, %d ids",
    async (_, length, spec) => {
      const prompt = [1, 4, 2, 3];
      expect(await generatedByModel(spec, prompt, length)).toEqual(await generatedByRun(spec, prompt, length));
    },
  );
});
