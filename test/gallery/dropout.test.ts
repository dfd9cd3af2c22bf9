/** Dropout on inputs, outputs and states: in training only, and of little effect on the mean. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import type { Mode } from "../../compiler/elaborate/context.js";
import { partOf } from "../../compiler/elaborate/program.js";
import { forwardPasses, runPasses } from "../../compiler/passes/index.js";
import { readSafetensors, type Tensors } from "../../runtime/safetensors.js";
import { type OpenedSpec, open, programOf } from "../elaborate/programs.js";
import { modelOf } from "../emit/session.js";
import { rnnx, train } from "./run.js";

it("dropout is active in training, off in evaluation and export, and its outputs are near the deterministic ones in the mean", async () => {
  const { run, losses, metrics } = train("dropout", "--steps", "250");
  const recent = losses.slice(-20);
  // Every step drops others, and makes the task harder than it is without.
  expect(Math.max(...recent) - Math.min(...recent)).toBeGreaterThan(0.005);
  expect(Math.min(...recent)).toBeGreaterThan(1.1 * (metrics.train.loss ?? Number.NaN));
  expect(metrics.train.accuracy).toBeGreaterThan(0.85);
  expect(["train.onnx", "eval.onnx", "model.onnx"].map((file) => isRandom(join(run, file)))).toEqual([
    true,
    false,
    false,
  ]);

  const weights = readSafetensors(readFileSync(join(run, "weights.safetensors")));
  if (!weights.ok) throw new Error(weights.message);
  const opened = await open(JSON.parse(readFileSync(new URL("../../specs/dropout.json", import.meta.url), "utf8")));
  const stochastic = await predictor(opened, "training", weights.tensors);
  const wanted = await (await predictor(opened, "inference", weights.tensors))(0);
  const mean = new Float32Array(wanted.length);
  const steps = 100;
  for (let step = 0; step < steps; step++) {
    for (const [place, value] of (await stochastic(step)).entries()) mean[place] = (mean[place] ?? 0) + value / steps;
  }
  const off = mean.reduce((sum, value, place) => sum + Math.abs(value - (wanted[place] ?? 0)), 0) / wanted.length;
  expect(off).toBeLessThan(0.01);
  const symbols = 25;
  const [said, meant] = [largest(mean, symbols), largest(wanted, symbols)];
  expect(said.filter((symbol, place) => symbol === meant[place]).length / said.length).toBeGreaterThan(0.95);
});

/** Whether a model hashes its random numbers. */
function isRandom(file: string): boolean {
  const { operators } = rnnx("inspect", file).at(-1) as {
    readonly operators: readonly { readonly operator: string }[];
  };
  return operators.some(({ operator }) => operator === "Mod");
}

/** What the model says at a step, [batch, time, symbols] in a row. */
async function predictor(opened: OpenedSpec, mode: Mode, weights: Tensors) {
  const program = partOf(programOf(opened, mode), ({ role }) => role === "prediction");
  const session = await InferenceSession.create(
    await modelOf(runPasses(program.graph, forwardPasses, { expected: new Map() }), 18),
  );
  const feeds: Record<string, Tensor> = {};
  for (const { name, role } of program.inputs) {
    const array = role === "parameter" ? weights.get(name) : opened.batch.get(name);
    if (array?.data instanceof Float32Array) feeds[name] = new Tensor("float32", array.data, array.shape);
    else if (array?.data instanceof Int32Array) feeds[name] = new Tensor("int32", array.data, array.shape);
  }
  return async (step: number): Promise<Float32Array> => {
    if (mode === "training") feeds.step = new Tensor("int64", BigInt64Array.of(BigInt(step)), []);
    const { "output 0": outputs } = await session.run(feeds);
    if (!(outputs?.data instanceof Float32Array)) throw new Error("the model gives no numbers");
    return outputs.data;
  };
}

/** The place of the largest entry of each row. */
function largest(values: Float32Array, width: number): readonly number[] {
  return Array.from({ length: values.length / width }, (_, row) => {
    const entries = values.subarray(row * width, (row + 1) * width);
    return entries.indexOf(Math.max(...entries));
  });
}
