/** Sampling of the generate form: distribution and dependence on the seed. */
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { exportTrainedModel } from "../../../runtime/export/index.js";
import { subject } from "../../support/export-subjects.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const writer = {
  data: { type: "text", text: "abcdeabdecabe", unit: "char", window: 4 },
  model: [
    { layer: "embedding", size: 3 },
    { layer: "rnn", cell: "gru", hidden_size: 4, initial_state: "learned" },
    { layer: "projection" },
  ],
  loss: { type: "sequence_loss" },
};

async function opened(form: "generate" | "sequence", spec: object = writer) {
  const out = join(temporaryFolder(), "model.onnx");
  const outcome = await exportTrainedModel(await subject(spec), {
    out,
    form,
    opset: 17,
    recurrent: "operators",
    unroll: null,
  });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return InferenceSession.create(out, { logSeverityLevel: 4, intraOpNumThreads: 1 });
}

const scalar = (dtype: "int64" | "float32", value: number) =>
  dtype === "int64"
    ? new Tensor("int64", BigInt64Array.of(BigInt(value)), [])
    : new Tensor("float32", Float32Array.of(value), []);

async function write(session: InferenceSession, prompt: Tensor, length: number, temperature: number, seed: number) {
  const { tokens } = await session.run({
    prompt,
    length: scalar("int64", length),
    temperature: scalar("float32", temperature),
    seed: scalar("int64", seed),
  });
  expect(tokens?.dims).toEqual([prompt.dims[0], length]);
  return tokens?.data as Int32Array;
}

const prompts = (rows: number) => new Tensor("int32", new Int32Array(rows * 2).fill(1), [rows, 2]);

test("samples each id with its probability, at any temperature", async () => {
  const [session, model] = [await opened("generate"), await opened("sequence")];
  const { logits } = await model.run({ inputs: prompts(1) });
  const scores = Array.from(logits?.data as Float32Array).slice(-5);
  for (const temperature of [1, 0.5, 2]) {
    const powers = scores.map((score) => Math.exp(score / temperature));
    const sum = powers.reduce((total, power) => total + power, 0);
    const rows = 20_000;
    const tokens = await write(session, prompts(rows), 1, temperature, 3);
    for (const [id, power] of powers.entries()) {
      const share = power / sum;
      const frequency = tokens.filter((token) => token === id).length / rows;
      // Five standard deviations.
      expect(Math.abs(frequency - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / rows));
    }
  }
});

test("depends on seed, row and position, and on none at temperature 0", async () => {
  const session = await opened("generate");
  const texts = async (temperature: number, seed: number) => {
    const tokens = await write(session, prompts(3), 40, temperature, seed);
    return [0, 1, 2].map((row) => tokens.subarray(row * 40, (row + 1) * 40).join(""));
  };
  const [first, again, otherSeed, large] = [
    await texts(1, 1),
    await texts(1, 1),
    await texts(1, 2),
    await texts(1, 2 ** 40 + 1),
  ];
  expect(again).toEqual(first);
  expect(new Set([...first, ...otherSeed, ...large]).size).toBe(9);
  expect(new Set(first[0]).size).toBeGreaterThan(1);
  expect(new Set([...(await texts(0, 1)), ...(await texts(0, 2))]).size).toBe(1);
});

test("never samples the unknown id", async () => {
  const spec = { ...writer, data: { ...writer.data, vocabulary: { size: 4 } } };
  const tokens = await write(await opened("generate", spec), prompts(200), 20, 3, 1);
  expect(new Set(tokens).size).toBe(3);
});
