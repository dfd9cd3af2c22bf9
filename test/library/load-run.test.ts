/** The library interface to runs: weights, evaluation, prediction, generation and export, on the built program. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { exportModel, type LoadedRun, loadRun, type Result, readSpec, type Spec, train } from "../../index.js";
import { temporaryFolder } from "../support/spawn.js";

const folder = temporaryFolder();

async function trainRun(name: string, spec: Omit<Spec, "optimizer" | "train">, steps: number): Promise<LoadedRun> {
  const read = await readSpec({ ...spec, name, optimizer: { type: "adam", learning_rate: 0.1 }, train: { steps } });
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join(" "));
  const outcome = await train({ spec: read.spec, out: join(folder, name) });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  const loaded = await loadRun(join(folder, name));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}

let text: LoadedRun;
let arrays: LoadedRun;
let pairs: LoadedRun;

beforeAll(async () => {
  text = await trainRun(
    "text",
    {
      seed: 1,
      data: { type: "text", text: "hihello", window: 6 },
      model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
      loss: { type: "sequence_loss" },
    },
    200,
  );
  arrays = await trainRun(
    "arrays",
    {
      data: {
        type: "arrays",
        inputs: [
          [[1], [2]],
          [[3], [4]],
        ],
        targets: [[3], [7]],
      },
      model: [
        { layer: "rnn", cell: "rnn", hidden_size: 4, return: "last" },
        { layer: "dense", size: 1 },
      ],
      loss: { type: "squared_error" },
    },
    5,
  );
  pairs = await trainRun(
    "pairs",
    {
      data: {
        type: "pairs",
        pairs: [
          ["one", "1"],
          ["two", "2"],
        ],
      },
      model: [
        { layer: "embedding", name: "source", size: 4, from: "inputs" },
        { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 8, return: "state" },
        { layer: "embedding", name: "target", size: 4, vocabulary_size: "target_vocabulary", from: "decoder_inputs" },
        { layer: "rnn", name: "decoder", cell: "gru", hidden_size: 8, initial_state: "encoder" },
        { layer: "projection", size: "target_vocabulary" },
      ],
      loss: { type: "sequence_loss" },
    },
    60,
  );
});

test("it has a spec, a manifest and weights", () => {
  expect(text.spec.name).toBe("text");
  expect(text.manifest.parameters.map(({ name }) => name)).toEqual(["rnn/0/W", "rnn/0/U", "rnn/0/b"]);
  expect(text.signature.sizes).toMatchObject({ vocabulary: 5 });
  const weights = unwrap(text.weights());
  expect(weights.step).toBe(200);
  expect(weights.parameters.get("rnn/0/W")?.shape).toEqual([5, 20]);
  expect(unwrap(text.weights(200)).parameters.get("rnn/0/W")?.data).toEqual(weights.parameters.get("rnn/0/W")?.data);
});

test("evaluation gives the metrics of the training", async () => {
  const measured = unwrap(await text.evaluate());
  const recorded = JSON.parse(readFileSync(join(text.folder, "result.json"), "utf8"));
  expect(measured).toMatchObject({ step: 200, examples: { train: 1, validation: 0, test: 0 } });
  expect(measured.metrics.train.loss).toBeCloseTo(recorded.done.metrics.train.loss, 6);
});

test("it predicts from lines, and generates", async () => {
  const { predictions, scores } = unwrap(await text.predict({ lines: ["hihel", "hih"] }));
  expect(predictions).toMatchObject([
    { line: 1, text: "hihel", next: "l" },
    { line: 2, text: "hih", next: "e" },
  ]);
  expect(scores?.[0]?.shape).toEqual([5, 5]);
  const chunks: string[] = [];
  const generated = unwrap(
    await text.generate({ prompt: "hih", length: 4, temperature: 0, onText: (chunk) => chunks.push(chunk) }),
  );
  expect(generated.text).toBe("hihello");
  expect(chunks.join("")).toBe("hihello");
});

test("arrays and sources are read like files of them", async () => {
  const { predictions } = unwrap(
    await arrays.predict({
      arrays: {
        inputs: [
          [[1], [2]],
          [[5], [6]],
          [[0], [0]],
        ],
      },
    }),
  );
  expect(predictions.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(predictions.every(({ output }) => typeof output === "number")).toBe(true);
  const beam = unwrap(await pairs.predict({ sources: ["two", "one"] }, { beam: 2 }));
  expect(beam.predictions).toMatchObject([
    { source: "two", target: "2" },
    { source: "one", target: "1" },
  ]);
  expect(beam.scores).toBeNull();
});

test("it is exported by its method or by its folder", async () => {
  const out = join(folder, "exported.onnx");
  const exportResult = unwrap(await text.export(out, { opset: 20 }));
  expect(exportResult.files[0]).toMatchObject({ name: "exported.onnx", bytes: readFileSync(out).length });
  expect(exportResult.verification.difference).toBeLessThanOrEqual(exportResult.verification.tolerance);
  const step = unwrap(await exportModel({ run: text.folder, out: join(folder, "step.onnx"), form: "step" }));
  expect(step.model.inputs.map(({ name }) => name)).toContain("rnn/0/h");
  expect(await text.export(out, { opset: 99 })).toMatchObject({ ok: false, error: { problems: [{ code: "opset" }] } });
});

test("failures are values", async () => {
  expect(await loadRun(join(folder, "nothing"))).toMatchObject({ ok: false, error: [{ code: "not-a-run" }] });
  expect(text.weights(7)).toMatchObject({ ok: false, error: [{ code: "no-checkpoint" }] });
  expect(await text.predict({ lines: ["hiz"] })).toMatchObject({
    ok: false,
    error: { kind: "input", problems: [{ code: "unknown-unit", file: "lines.txt", line: 1, column: 3 }] },
  });
  expect(await text.predict({ lines: ["hi\nhi"] })).toMatchObject({
    ok: false,
    error: { problems: [{ code: "input-line" }] },
  });
  expect(await text.predict({ arrays: { inputs: [[1]] } })).toMatchObject({
    ok: false,
    error: {
      problems: [{ code: "inputs-kind", message: "A run on text data predicts from lines, not from arrays." }],
    },
  });
  expect(await text.predict("missing.txt")).toMatchObject({
    ok: false,
    error: { problems: [{ code: "file-missing" }] },
  });
  expect(await text.predict({ lines: ["hi"] }, { beam: 2 })).toMatchObject({
    error: { problems: [{ code: "no-decoder" }] },
  });
  expect(await arrays.generate()).toMatchObject({ ok: false, error: [{ code: "not-text" }] });
  expect(await text.generate({ prompt: "z" })).toMatchObject({ ok: false });
});

function unwrap<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
