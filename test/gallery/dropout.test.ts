/** Dropout on inputs, outputs and states: in training only, and of little effect on the mean. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import type { Mode } from "../../compiler/elaborate/context.js";
import { restrictToOutputs } from "../../compiler/elaborate/program.js";
import { forwardPasses, runPasses } from "../../compiler/optimize/pipeline.js";
import { readSafetensors, type Tensors } from "../../runtime/tensors/safetensors.js";
import { type OpenedSpec, open, programOf } from "../support/programs.js";
import { modelOf } from "../support/run-graph.js";
import { rnnx, train } from "./run.js";

it("dropout is active in training, off in evaluation and export, and its outputs are near the deterministic ones in the mean", async () => {
  const { run, losses, metrics } = await train("dropout", "--steps", "250");
  const recent = losses.slice(-20);
  // Every step drops others, and makes the task harder than it is without.
  expect(Math.max(...recent) - Math.min(...recent)).toBeGreaterThan(0.005);
  expect(Math.min(...recent)).toBeGreaterThan(1.1 * (metrics.train.loss ?? Number.NaN));
  expect(metrics.train.accuracy).toBeGreaterThan(0.85);
  expect([
    await isRandom(join(run, "train.onnx")),
    await isRandom(join(run, "eval.onnx")),
    await isRandom(join(run, "model.onnx")),
  ]).toEqual([true, false, false]);

  const weights = readSafetensors(readFileSync(join(run, "weights.safetensors")));
  if (!weights.ok) throw new Error(weights.error);
  const opened = await open(JSON.parse(readFileSync(new URL("../../specs/dropout.json", import.meta.url), "utf8")));
  const stochastic = await predictor(opened, "training", weights.value.tensors);
  const expected = await (await predictor(opened, "inference", weights.value.tensors))(0);
  const mean = new Float32Array(expected.length);
  const steps = 100;
  for (let step = 0; step < steps; step++) {
    for (const [index, value] of (await stochastic(step)).entries()) mean[index] = (mean[index] ?? 0) + value / steps;
  }
  const meanError =
    mean.reduce((sum, value, index) => sum + Math.abs(value - (expected[index] ?? 0)), 0) / expected.length;
  expect(meanError).toBeLessThan(0.01);
  const symbols = 25;
  const [sampledSymbols, expectedSymbols] = [argmaxSymbols(mean, symbols), argmaxSymbols(expected, symbols)];
  expect(
    sampledSymbols.filter((symbol, index) => symbol === expectedSymbols[index]).length / sampledSymbols.length,
  ).toBeGreaterThan(0.95);
});

/** Whether a model hashes its random numbers. */
async function isRandom(file: string): Promise<boolean> {
  const { operators } = (await rnnx("inspect", file)).at(-1) as {
    readonly operators: readonly { readonly operator: string }[];
  };
  return operators.some(({ operator }) => operator === "Mod");
}

/** What the model says at a step, [batch, time, symbols] in a row. */
async function predictor(opened: OpenedSpec, mode: Mode, weights: Tensors) {
  const program = restrictToOutputs(programOf(opened, mode), ({ role }) => role === "prediction");
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
function argmaxSymbols(values: Float32Array, width: number): readonly number[] {
  return Array.from({ length: values.length / width }, (_, row) => {
    const entries = values.subarray(row * width, (row + 1) * width);
    return entries.indexOf(Math.max(...entries));
  });
}
