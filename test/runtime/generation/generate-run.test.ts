/** Generated text: token by token it equals the predictions of the whole model; and samples during training. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportModel } from "../../../runtime/export/index.js";
import {
  type GeneratedText,
  type GenerateRequest,
  openTextGenerator,
} from "../../../runtime/generation/generate-run.js";
import { greedy } from "../../../runtime/generation/sampling.js";
import { readSpec } from "../../../schema/read.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, run } from "../../support/training-runs.js";

const text = "it was the best of times, it was the worst of times, it was the age of wisdom";
const layer = {
  layer: "rnn",
  cells: [
    { cell: "lstm", hidden_size: 12 },
    { cell: "gru", hidden_size: 8 },
  ],
};

interface SpecChange {
  readonly data?: object;
  readonly layer?: object;
  readonly projection?: object;
  readonly train?: object;
  /** Replaces the loss and the last layer by two outputs. */
  readonly outputs?: { readonly model: readonly object[]; readonly losses: readonly object[] };
}

/** Trains a small language model. */
async function trainText(out: string, change: SpecChange = {}, resume = false) {
  const read = await readSpec(
    JSON.stringify({
      seed: 2,
      data: { type: "text", text, window: 8, ...change.data },
      model: [
        { layer: "embedding", size: 6 },
        { ...layer, ...change.layer },
        ...(change.outputs?.model ?? [{ layer: "projection", ...change.projection }]),
      ],
      ...(change.outputs ? { losses: change.outputs.losses } : { loss: { type: "sequence_loss" } }),
      optimizer: { type: "adam", learning_rate: 0.03 },
      train: { steps: 60, batch_size: 8, ...change.train },
    }),
  );
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  return run({ spec: read.spec, folder: ".", out, device: "cpu", resume, init: null, disabledPasses: [] });
}

async function generateText(out: string, request: Partial<GenerateRequest> = {}): Promise<GeneratedText> {
  const opened = await openTextGenerator(out);
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  const defaults = { prompt: "it was", length: 40, sampling: { temperature: 1, topK: null, topP: null }, seed: null };
  const chunks: string[] = [];
  const result = await opened.value.generate({ ...defaults, ...request }, (chunk) => chunks.push(chunk));
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join("\n"));
  expect(chunks.join("")).toBe(result.value.text);
  return result.value;
}

/** The most likely next character at each position of a text, by the whole model. */
async function greedyText(out: string, characters: string): Promise<string> {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const session = await InferenceSession.create(join(out, "model.onnx"));
  const { vocabulary } = JSON.parse(readFileSync(join(out, "data.json"), "utf8")).metadata;
  const ids = Int32Array.from(characters, (character) => vocabulary.indexOf(character));
  const { outputs } = await session.run({ inputs: new Tensor("int32", ids, [1, ids.length]) });
  const scores = Array.from(outputs?.data as Float32Array);
  return Array.from(ids, (_, index) => {
    const row = scores.slice(index * vocabulary.length, (index + 1) * vocabulary.length);
    return vocabulary[row.indexOf(Math.max(...row))];
  }).join("");
}

describe("a character model", () => {
  const out = mkdtempSync(join(tmpdir(), "rnnx-"));
  beforeAll(async () => {
    await trainText(out);
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test("generates the tokens that the whole model predicts", async () => {
    const { text: generated, tokens } = await generateText(out, { sampling: greedy });
    expect(generated).toBe(`it was${tokens.join("")}`);
    expect(tokens).toHaveLength(40);
    const prompt = "it was".length;
    expect((await greedyText(out, generated)).slice(prompt - 1, -1)).toBe(generated.slice(prompt));
  });

  test("generates the same text for the same seed, and another for another", async () => {
    const first = await generateText(out, { seed: 5 });
    expect(await generateText(out, { seed: 5 })).toEqual(first);
    expect((await generateText(out, { seed: 6 })).text).not.toBe(first.text);
    expect((await generateText(out)).seed).toBe(2);
  });

  test("is greedy at temperature 0, for any seed", async () => {
    const secondSeed = await generateText(out, { sampling: greedy, seed: 2 });
    const cold = await generateText(out, { sampling: { temperature: 0, topK: 3, topP: 0.9 }, seed: 9 });
    expect(cold.text).toBe(secondSeed.text);
    expect((await generateText(out, { sampling: { temperature: 1, topK: 1, topP: null } })).text).toBe(secondSeed.text);
  });

  test("starts with the first token of its text without a prompt", async () => {
    const { text: generated, tokens } = await generateText(out, { prompt: "" });
    expect(generated[0]).toBe("i");
    expect(generated).toBe(tokens.join(""));
    expect(tokens).toHaveLength(40);
  });
});

test("generates the same text from probabilities and logits", async () => {
  const folder = temporaryFolder();
  await trainText(join(folder, "logits"));
  await trainText(join(folder, "softmax"), { projection: { activation: "softmax" } });
  const [logits, softmax] = [await generateText(join(folder, "logits")), await generateText(join(folder, "softmax"))];
  expect(softmax).toEqual(logits);
});

test("starts from learned initial states", async () => {
  const out = temporaryFolder();
  await trainText(out, { layer: { initial_state: "learned" } });
  const { text: generated } = await generateText(out, { sampling: greedy });
  expect((await greedyText(out, generated)).slice(5, -1)).toBe(generated.slice(6));
});

test("generates words and bytes", async () => {
  const folder = temporaryFolder();
  await trainText(join(folder, "word"), { data: { unit: "word", window: 3 }, train: { batch_size: 4 } });
  const words = await generateText(join(folder, "word"), { length: 5 });
  expect(words.text).toBe(["it", "was", ...words.tokens].join(" "));
  await trainText(join(folder, "byte"), { data: { unit: "byte", text: `${text} é` } });
  const bytes = await generateText(join(folder, "byte"));
  expect(bytes.text).toBe(`it was${Buffer.from(bytes.tokens.map(Number)).toString("utf8")}`);
});

test("a run in training generates from its latest checkpoint", async () => {
  const out = temporaryFolder();
  await trainText(out, { train: { steps: 3 } });
  const finished = await generateText(out);
  for (const name of ["model.onnx", "stream.onnx", "weights.safetensors", "result.json"]) rmSync(join(out, name));
  expect(await generateText(out)).toEqual(finished);
});

describe("several outputs", () => {
  const out = mkdtempSync(join(tmpdir(), "rnnx-"));
  afterAll(() => rmSync(out, { recursive: true }));
  beforeAll(async () => {
    const model = [
      { layer: "projection", name: "early", from: "embedding" },
      { layer: "projection", name: "late", from: "rnn" },
    ];
    const losses = ["early", "late"].map((from) => ({ type: "sequence_loss", from }));
    await trainText(out, { outputs: { model, losses }, train: { steps: 40 } });
  });

  test("the named one continues the text, and the exported form has its tokens", async () => {
    const sampling = greedy;
    const [early, late] = [
      await generateText(out, { output: "early", sampling }),
      await generateText(out, { output: "late", sampling }),
    ];
    // The early output depends on the last character alone.
    expect(early.text).not.toBe(late.text);
    for (const [name, { tokens }] of [
      ["early", early],
      ["late", late],
    ] as const) {
      const file = join(temporaryFolder(), "text.onnx");
      const exported = await exportModel({ run: out, out: file, form: "generate", output: name });
      expect(exported).toMatchObject({ ok: true });
      const session = await InferenceSession.create(file);
      expect(session.inputNames).toEqual(["prompt", "length", "temperature", "seed"]);
      const { vocabulary } = JSON.parse(readFileSync(join(out, "data.json"), "utf8")).metadata;
      const ids = [..."it was"].map((character) => vocabulary.indexOf(character));
      const scalar = (value: number) => new Tensor("int64", BigInt64Array.of(BigInt(value)), []);
      const results = await session.run({
        prompt: new Tensor("int32", Int32Array.from(ids), [1, ids.length]),
        length: scalar(tokens.length),
        temperature: new Tensor("float32", Float32Array.of(0), []),
        seed: scalar(1),
      });
      expect(Array.from(results.tokens?.data as Int32Array, (id) => vocabulary[id])).toEqual(tokens);
    }
  });

  test("without a name, or with another one, it is refused with the way out", async () => {
    const opened = await openTextGenerator(out);
    if (!opened.ok) throw new Error("the run does not open");
    const request = { prompt: "it", length: 3, sampling: greedy, seed: null };
    const problemOf = async (output: string | null) => {
      const result = await opened.value.generate({ ...request, output }, () => undefined);
      return result.ok ? [] : result.error.map(({ message, hint }) => `${message} ${hint}`);
    };
    expect(await problemOf(null)).toEqual([
      "generation needs a model with one output, but this one has several: early, late. Choose one of them: --output early.",
    ]);
    expect(await problemOf("lat")).toEqual(['The model has no output "lat". Did you mean "late"?']);
    const exporting = await exportModel({ run: out, out: join(out, "a.onnx"), form: "step", output: "late" });
    expect(exporting).toMatchObject({ ok: false });
  });
});

describe("refusals", () => {
  const problemsOf = async (folder: string) => {
    const opened = await openTextGenerator(folder);
    return opened.ok ? [] : opened.error.map(({ code, message }) => `${code}: ${message}`);
  };

  test("a bidirectional model", async () => {
    const out = temporaryFolder();
    await trainText(out, { layer: { bidirectional: "sum" }, train: { steps: 1 } });
    expect(await problemsOf(out)).toEqual([
      `not-streaming: The model of "${out}" cannot generate token by token: rnn reads the sequence backward.`,
    ]);
  });

  test("a run without weights, an old run, a run on other data, and a missing folder", async () => {
    const out = temporaryFolder();
    await trainText(out, { train: { steps: 1 } });
    rmSync(join(out, "stream.onnx"));
    expect(await problemsOf(out)).toEqual([
      `old-run: "${out}" has no stream.onnx: it was written by an older version of rnnx.`,
    ]);
    for (const name of ["model.onnx", "weights.safetensors", "checkpoints"])
      rmSync(join(out, name), { recursive: true });
    expect(await problemsOf(out)).toEqual([
      `no-checkpoint: "${out}" has no checkpoint, so its model has no weights yet.`,
    ]);
    const record = JSON.parse(readFileSync(join(out, "data.json"), "utf8"));
    writeFileSync(join(out, "data.json"), JSON.stringify({ ...record, metadata: { type: "arrays" } }));
    expect(await problemsOf(out)).toEqual([
      `not-text: "${out}" was trained on arrays data. Only models trained on text data generate text.`,
    ]);
    expect(await problemsOf("/no-such-folder")).toEqual([expect.stringContaining("not-a-run: ")]);
  });
});

describe("samples during training", () => {
  const sample = { every: 20, prompt: "it was", length: 15, temperature: 0.7 };
  const samplesOf = (generated: Awaited<ReturnType<typeof run>>) => eventsOfKind(generated.events, "sample");

  test("use the weights of their step, for any number of steps per call, and after resuming", async () => {
    const folder = temporaryFolder();
    const change = (train: object) => ({
      layer: { stateful: true },
      data: { window: 4 },
      train: { sample, batch_size: 2, ...train },
    });
    const first = await trainText(join(folder, "one"), change({ steps_per_call: 1 }));
    const samples = samplesOf(first);
    expect(samples.map(({ step }) => step)).toEqual([20, 40, 60]);
    for (const { text: generated } of samples) expect(generated).toMatch(/^it was.{15}$/);
    expect(new Set(samples.map(({ text: generated }) => generated)).size).toBeGreaterThan(1);
    expect(samplesOf(await trainText(join(folder, "many"), change({ steps_per_call: 50 })))).toEqual(samples);

    await trainText(join(folder, "half"), change({ steps: 30 }));
    expect(samplesOf(await trainText(join(folder, "half"), change({}), true))).toEqual(samples.slice(1));
  });

  test("do not change the results of the run", async () => {
    const folder = temporaryFolder();
    const unsampled = await trainText(join(folder, "plain"));
    const sampled = await trainText(join(folder, "sampled"), { train: { sample: { ...sample, every: 7 } } });
    expect(eventsOfKind(sampled.events, "step")).toEqual(eventsOfKind(unsampled.events, "step"));
  });

  test("the last one equals the text of the finished model", async () => {
    const out = temporaryFolder();
    const generated = await trainText(out, { train: { sample: { ...sample, every: 60, temperature: 0 } } });
    expect(samplesOf(generated).at(-1)?.text).toBe((await generateText(out, { length: 15, sampling: greedy })).text);
  });

  test("with unknown tokens in the prompt are refused", async () => {
    const { outcome } = await trainText(temporaryFolder(), { train: { sample: { prompt: "ROMEO" } } });
    expect(outcome).toMatchObject({
      ok: false,
      error: { kind: "input", problems: [{ code: "unknown-unit", path: "/train/sample/prompt" }] },
    });
  });
});
