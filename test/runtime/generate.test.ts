/** Text from runs: unit by unit it is what the whole model says; and samples while training. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Generated, type GenerateRequest, openGenerator } from "../../runtime/generate.js";
import { greedy } from "../../runtime/sampling.js";
import { readSpec } from "../../schema/read.js";
import { temporaryFolder } from "./folder.js";
import { of, run } from "./training.js";

const text = "it was the best of times, it was the worst of times, it was the age of wisdom";
const layer = {
  layer: "rnn",
  cells: [
    { cell: "lstm", hidden_size: 12 },
    { cell: "gru", hidden_size: 8 },
  ],
};

interface Change {
  readonly data?: object;
  readonly layer?: object;
  readonly projection?: object;
  readonly train?: object;
}

/** Trains a small model of a text. */
async function trained(out: string, change: Change = {}, resume = false) {
  const read = await readSpec(
    JSON.stringify({
      seed: 2,
      data: { type: "text", text, window: 8, ...change.data },
      model: [
        { layer: "embedding", size: 6 },
        { ...layer, ...change.layer },
        { layer: "projection", ...change.projection },
      ],
      loss: { type: "sequence_loss" },
      optimizer: { type: "adam", learning_rate: 0.03 },
      train: { steps: 60, batch_size: 8, ...change.train },
    }),
  );
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  return run({ spec: read.spec, folder: ".", out, device: "cpu", resume, init: null, without: [] });
}

async function written(out: string, request: Partial<GenerateRequest> = {}): Promise<Generated> {
  const opened = await openGenerator(out);
  if (!opened.ok) throw new Error(opened.problems.map(({ message }) => message).join("\n"));
  const whole = { prompt: "it was", length: 40, sampling: { temperature: 1, topK: null, topP: null }, seed: null };
  const pieces: string[] = [];
  const made = await opened.generator.generate({ ...whole, ...request }, (piece) => pieces.push(piece));
  if (!made.ok) throw new Error(made.problems.map(({ message }) => message).join("\n"));
  expect(pieces.join("")).toBe(made.generated.text);
  return made.generated;
}

/** The likeliest next character at each place of a text, by the whole model. */
async function likeliest(out: string, characters: string): Promise<string> {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const session = await InferenceSession.create(join(out, "model.onnx"));
  const { vocabulary } = JSON.parse(readFileSync(join(out, "data.json"), "utf8")).metadata;
  const ids = Int32Array.from(characters, (character) => vocabulary.indexOf(character));
  const { outputs } = await session.run({ inputs: new Tensor("int32", ids, [1, ids.length]) });
  const scores = Array.from(outputs?.data as Float32Array);
  return Array.from(ids, (_, place) => {
    const row = scores.slice(place * vocabulary.length, (place + 1) * vocabulary.length);
    return vocabulary[row.indexOf(Math.max(...row))];
  }).join("");
}

describe("a model of characters", () => {
  const out = mkdtempSync(join(tmpdir(), "rnnx-"));
  beforeAll(async () => {
    await trained(out);
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test("goes on unit by unit as the whole model says", async () => {
    const { text: made, tokens } = await written(out, { sampling: greedy });
    expect(made).toBe(`it was${tokens.join("")}`);
    expect(tokens).toHaveLength(40);
    const prompt = "it was".length;
    expect((await likeliest(out, made)).slice(prompt - 1, -1)).toBe(made.slice(prompt));
  });

  test("writes the same for the same seed, and something else for another", async () => {
    const one = await written(out, { seed: 5 });
    expect(await written(out, { seed: 5 })).toEqual(one);
    expect((await written(out, { seed: 6 })).text).not.toBe(one.text);
    expect((await written(out)).seed).toBe(2);
  });

  test("is greedy at temperature 0, whatever the seed", async () => {
    const taken = await written(out, { sampling: greedy, seed: 2 });
    const cold = await written(out, { sampling: { temperature: 0, topK: 3, topP: 0.9 }, seed: 9 });
    expect(cold.text).toBe(taken.text);
    expect((await written(out, { sampling: { temperature: 1, topK: 1, topP: null } })).text).toBe(taken.text);
  });

  test("without a prompt begins as its text did", async () => {
    const { text: made, tokens } = await written(out, { prompt: "" });
    expect(made[0]).toBe("i");
    expect(made).toBe(tokens.join(""));
    expect(tokens).toHaveLength(40);
  });
});

test("probabilities and logits make the same text", async () => {
  const folder = temporaryFolder();
  await trained(join(folder, "logits"));
  await trained(join(folder, "softmax"), { projection: { activation: "softmax" } });
  const [logits, softmax] = [await written(join(folder, "logits")), await written(join(folder, "softmax"))];
  expect(softmax).toEqual(logits);
});

test("learned states are where it starts", async () => {
  const out = temporaryFolder();
  await trained(out, { layer: { initial_state: "learned" } });
  const { text: made } = await written(out, { sampling: greedy });
  expect((await likeliest(out, made)).slice(5, -1)).toBe(made.slice(6));
});

test("words and bytes", async () => {
  const folder = temporaryFolder();
  await trained(join(folder, "word"), { data: { unit: "word", window: 3 }, train: { batch_size: 4 } });
  const words = await written(join(folder, "word"), { length: 5 });
  expect(words.text).toBe(["it", "was", ...words.tokens].join(" "));
  await trained(join(folder, "byte"), { data: { unit: "byte", text: `${text} é` } });
  const bytes = await written(join(folder, "byte"));
  expect(bytes.text).toBe(`it was${Buffer.from(bytes.tokens.map(Number)).toString("utf8")}`);
});

describe("what cannot be generated from", () => {
  const problemsOf = async (folder: string) => {
    const opened = await openGenerator(folder);
    return opened.ok ? [] : opened.problems.map(({ code, message }) => `${code}: ${message}`);
  };

  test("a model that reads its sequence backward", async () => {
    const out = temporaryFolder();
    await trained(out, { layer: { bidirectional: "sum" }, train: { steps: 1 } });
    expect(await problemsOf(out)).toEqual([
      `not-streaming: The model of "${out}" cannot write unit by unit: rnn reads it backward.`,
    ]);
  });

  test("an unfinished run, an old one, one of other data, and none", async () => {
    const out = temporaryFolder();
    await trained(out, { train: { steps: 1 } });
    rmSync(join(out, "stream.onnx"));
    expect(await problemsOf(out)).toEqual([`old-run: "${out}" has no stream.onnx: an older rnnx left it.`]);
    rmSync(join(out, "model.onnx"));
    expect(await problemsOf(out)).toEqual([`unfinished-run: "${out}" has no model yet.`]);
    const record = JSON.parse(readFileSync(join(out, "data.json"), "utf8"));
    writeFileSync(join(out, "data.json"), JSON.stringify({ ...record, metadata: { type: "arrays" } }));
    expect(await problemsOf(out)).toEqual([
      `not-text: "${out}" was trained on arrays data, and only models of text write text.`,
    ]);
    expect(await problemsOf("/no-such-folder")).toEqual([expect.stringContaining("not-a-run: ")]);
  });
});

describe("samples while training", () => {
  const sample = { every: 20, prompt: "it was", length: 15, temperature: 0.7 };
  const samplesOf = (made: Awaited<ReturnType<typeof run>>) => of(made.events, "sample");

  test("come with the weights of their step, the same in any number of steps per call, and resumed", async () => {
    const folder = temporaryFolder();
    const change = (train: object) => ({
      layer: { stateful: true },
      data: { window: 4 },
      train: { sample, batch_size: 2, ...train },
    });
    const one = await trained(join(folder, "one"), change({ steps_per_call: 1 }));
    const samples = samplesOf(one);
    expect(samples.map(({ step }) => step)).toEqual([20, 40, 60]);
    for (const { text: made } of samples) expect(made).toMatch(/^it was.{15}$/);
    expect(new Set(samples.map(({ text: made }) => made)).size).toBeGreaterThan(1);
    expect(samplesOf(await trained(join(folder, "many"), change({ steps_per_call: 50 })))).toEqual(samples);

    await trained(join(folder, "half"), change({ steps: 30 }));
    expect(samplesOf(await trained(join(folder, "half"), change({}), true))).toEqual(samples.slice(1));
  });

  test("change nothing of the run", async () => {
    const folder = temporaryFolder();
    const plain = await trained(join(folder, "plain"));
    const sampled = await trained(join(folder, "sampled"), { train: { sample: { ...sample, every: 7 } } });
    expect(of(sampled.events, "step")).toEqual(of(plain.events, "step"));
  });

  test("the last is what the finished model writes", async () => {
    const out = temporaryFolder();
    const made = await trained(out, { train: { sample: { ...sample, every: 60, temperature: 0 } } });
    expect(samplesOf(made).at(-1)?.text).toBe((await written(out, { length: 15, sampling: greedy })).text);
  });

  test("with a prompt that the text has no units for are a mistake in the spec", async () => {
    const { outcome } = await trained(temporaryFolder(), { train: { sample: { prompt: "ROMEO" } } });
    expect(outcome).toMatchObject({
      ok: false,
      kind: "input",
      problems: [{ code: "unknown-unit", path: "/train/sample/prompt" }],
    });
  });
});
