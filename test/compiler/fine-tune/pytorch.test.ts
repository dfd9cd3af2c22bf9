/** Models that PyTorch 2.13 exported (fixtures/onnx), trained 50 steps of SGD: the losses are PyTorch's. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { type FineTuneRequest, fineTune } from "../../../compiler/fine-tune/index.js";
import { readTestSpec } from "../../support/fine-tune-spec.js";

interface Stored {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int64";
  readonly data: readonly number[];
}

interface Fixture {
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly targets: Stored;
  readonly rate: number;
  readonly losses: readonly number[];
}

const fixture = (name: string) => readFileSync(fileURLToPath(new URL(`../../fixtures/onnx/${name}`, import.meta.url)));

/** A tensor with copies of an array for a number of steps. */
function repeated({ shape, dtype, data }: Stored, steps: number): ort.Tensor {
  const all = Array.from({ length: steps }, () => data).flat();
  const dims = [steps, ...shape];
  return dtype === "int64"
    ? new ort.Tensor("int64", BigInt64Array.from(all, BigInt), dims)
    : new ort.Tensor("float32", Float32Array.from(all), dims);
}

describe("a model of PyTorch", () => {
  test.each([
    ["conv", "cross_entropy", "inference"],
    ["encoder", "cross_entropy", "inference"],
    ["bilstm", "cross_entropy", "inference"],
    ["tcn", "squared_error", "inference"],
    ["mlp", "squared_error", "training"],
  ] as const)("%s is trained to its losses", async (name, loss, batchNorm) => {
    const { inputs, targets, rate, losses }: Fixture = JSON.parse(fixture(`${name}.json`).toString());
    const request: FineTuneRequest = {
      spec: await readTestSpec(loss, { type: "sgd", learning_rate: rate }),
      isOutputLoss: false,
      output: undefined,
      parameters: [],
      inputGradient: false,
      batchNorm,
      external: () => new Uint8Array(),
    };
    const result = await fineTune(fixture(`${name}.onnx`), request);
    if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
    const { train, manifest, weights } = result.artifact;
    const session = await ort.InferenceSession.create(train, { intraOpNumThreads: 1 });
    const feeds: Record<string, ort.Tensor> = {};
    for (const port of manifest.train.inputs) {
      const weight = weights.get(port.name);
      if (weight !== undefined) feeds[port.name] = new ort.Tensor("float32", weight.data, weight.shape);
      else if (port.name === "step") feeds[port.name] = new ort.Tensor("int64", BigInt64Array.of(0n), []);
      else feeds[port.name] = repeated(port.name === "targets" ? targets : (inputs[port.name] as Stored), 50);
    }
    const results = await session.run(feeds);
    const actual = results.loss?.data as Float32Array;
    expect(actual.length).toBe(50);
    losses.forEach((expected, step) => {
      expect(Math.abs((actual[step] ?? Number.NaN) - expected)).toBeLessThan(1e-4);
    });
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
  });
});
