/**
 * Greedy tokens after a prompt longer than the training window, of a trained transformer: `rnnx generate`, the exported
 * generate form in onnxruntime-node and in Python, and the step form are equal; each refuses steps that it has no
 * position for.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { exportModel } from "../../../runtime/export/index.js";
import { pythonRuns } from "../../support/model-paths.js";
import { rnnx } from "../../support/spawn.js";
import { trainSpec } from "../../support/training-runs.js";

const WINDOW = 8;
const POSITIONS = 60;
/** Five windows. */
const prompt = "it was the best of times, it was the wor".slice(0, 5 * WINDOW);
const LENGTH = POSITIONS - prompt.length;

const transformer = (position: object, attention: object) => ({
  name: "writer",
  seed: 3,
  data: {
    type: "text",
    text: "it was the best of times, it was the worst of times, it was the age of wisdom",
    window: WINDOW,
  },
  model: [
    { layer: "embedding", size: 12 },
    { layer: "position", ...position },
    {
      repeat: 2,
      block: [
        {
          block: [{ layer: "layer_norm" }, { layer: "attention", heads: 2, causal: true, ...attention }],
          residual: true,
        },
        {
          block: [
            { layer: "layer_norm" },
            { layer: "dense", size: 24, activation: "gelu" },
            { layer: "dense", size: 12 },
          ],
          residual: true,
        },
      ],
    },
    { layer: "projection", size: "vocabulary", weights: "embedding", bias: false, activation: "softmax" },
  ],
  loss: { type: "sequence_loss" },
  train: { steps: 30, batch_size: 8 },
});

const specs = {
  "learned positions": transformer({ type: "learned", length: POSITIONS }, {}),
  "rotary positions, a window, grouped keys": transformer(
    { type: "sinusoidal" },
    { window: WINDOW - 1, rotary: true, key_value_heads: 1 },
  ),
};

const scalar = (value: number) => new Tensor("int64", BigInt64Array.of(BigInt(value)), []);

async function openForms(spec: object) {
  const { out, folder } = await trainSpec(spec);
  const file = (form: string) => join(folder, `${form}.onnx`);
  for (const form of ["generate", "step"] as const) {
    const exported = await exportModel({ run: out, out: file(form), form });
    if (!exported.ok) throw new Error(JSON.stringify(exported.error));
  }
  const { vocabulary } = JSON.parse(readFileSync(join(out, "data.json"), "utf8")).metadata;
  const idsOf = (text: string): readonly number[] => Array.from(text, (character) => vocabulary.indexOf(character));
  const textOf = (ids: Iterable<number>): readonly string[] => Array.from(ids, (id) => vocabulary[id]);
  const generate = await InferenceSession.create(file("generate"), { logSeverityLevel: 4 });
  return {
    /** The exit code of `rnnx generate`, with the tokens, or the first problem. */
    async byCommand(text: string, length: number) {
      const { code, stdout } = await rnnx(
        "generate",
        out,
        "--prompt",
        text,
        "--length",
        `${length}`,
        "--greedy",
        "--json",
      );
      const event = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
      const [problem] = event.diagnostics ?? [];
      return { code, tokens: event.tokens, message: problem?.message, hint: problem?.hint };
    },
    async byGenerateForm(text: string, length: number) {
      const ids = idsOf(text);
      const { tokens } = await generate.run({
        prompt: new Tensor("int32", Int32Array.from(ids), [1, ids.length]),
        length: scalar(length),
        temperature: new Tensor("float32", Float32Array.of(0), []),
        seed: scalar(1),
      });
      return textOf(tokens?.data as Int32Array);
    },
    /** Reads the prompt id by id, from states without a step. */
    async byStepForm(text: string, length: number) {
      const ids = idsOf(text);
      const session = await InferenceSession.create(file("step"), { logSeverityLevel: 4 });
      const states = session.inputMetadata.filter(({ name }) => name !== "inputs");
      let feeds: Record<string, Tensor> = Object.fromEntries(
        states.map(({ name, ...port }) => {
          const axes = ("shape" in port ? port.shape : []).map((size, axis) =>
            axis === 0 ? 1 : typeof size === "number" ? size : 0,
          );
          const zeros = new Float32Array(axes.reduce((product, size) => product * size, 1));
          return [name, new Tensor("float32", zeros, axes)];
        }),
      );
      const all = [...ids];
      for (let step = 0; step < ids.length + length - 1; step++) {
        const results = await session.run({ ...feeds, inputs: new Tensor("int32", [all[step] ?? 0], [1]) });
        feeds = Object.fromEntries(states.map(({ name }) => [name, results[`next/${name}`] as Tensor]));
        const scores = Array.from(results.probabilities?.data as Float32Array);
        if (step >= ids.length - 1) all.push(scores.indexOf(Math.max(...scores)));
      }
      return textOf(all.slice(ids.length));
    },
    byPython(text: string, length: number): readonly string[] {
      const program = `
import json, sys, numpy, onnxruntime
file, ids, length = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
feeds = {"prompt": numpy.array([ids], numpy.int32), "length": numpy.array(length, numpy.int64),
         "temperature": numpy.array(0, numpy.float32), "seed": numpy.array(1, numpy.int64)}
print(json.dumps(onnxruntime.InferenceSession(file).run(["tokens"], feeds)[0][0].tolist()))`;
      const args = ["-c", program, file("generate"), JSON.stringify(idsOf(text)), `${length}`];
      return textOf(JSON.parse(execFileSync("python3", args, { encoding: "utf8", stdio: "pipe" })));
    },
  };
}

/** A test of Python is skipped where it lacks ONNX Runtime. */
const withPython = pythonRuns ? "" : " (python3 has no onnxruntime)";

describe.each(Object.entries(specs))("the tokens after five windows, with %s", (_, spec) => {
  test("are the same by the command and in each form", async () => {
    const forms = await openForms(spec);
    const { tokens } = await forms.byCommand(prompt, LENGTH);
    expect(tokens).toHaveLength(LENGTH);
    // A constant text would also come from a model that reads no prompt.
    expect(new Set(tokens).size).toBeGreaterThan(2);
    expect(await forms.byGenerateForm(prompt, LENGTH)).toEqual(tokens);
    expect(await forms.byStepForm(prompt, LENGTH)).toEqual(tokens);
  });
  test.skipIf(!pythonRuns)(`are the same in Python${withPython}`, async () => {
    const forms = await openForms(spec);
    expect(forms.byPython(prompt, LENGTH)).toEqual((await forms.byCommand(prompt, LENGTH)).tokens);
  });
});

describe("steps without a position are refused", () => {
  const longPrompt = "it was ".repeat(10);

  test("by the command with the limit and the way out, and by each form", async () => {
    const forms = await openForms(specs["learned positions"]);
    for (const [text, length] of [
      [prompt, LENGTH + 2],
      [longPrompt, 1],
    ] as const) {
      const { code, message, hint } = await forms.byCommand(text, length);
      expect(code).toBe(2);
      expect(message).toContain(`${POSITIONS}`);
      expect(hint).toContain("Generate fewer tokens, or use a shorter prompt.");
    }
    await expect(forms.byGenerateForm(prompt, LENGTH + 1)).rejects.toThrow("out of data bounds");
    await expect(forms.byGenerateForm(longPrompt, 1)).rejects.toThrow("out of data bounds");
    await expect(forms.byStepForm(prompt, LENGTH + 2)).rejects.toThrow("out of data bounds");
  });
  test.skipIf(!pythonRuns)(`by the generate form in Python${withPython}`, async () => {
    const forms = await openForms(specs["learned positions"]);
    expect(() => forms.byPython(prompt, LENGTH + 1)).toThrow("out of data bounds");
  });
});
