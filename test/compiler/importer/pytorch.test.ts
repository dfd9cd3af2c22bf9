/** Models that PyTorch 2.13 exported (fixtures/onnx), read and evaluated: the outputs are PyTorch's. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { verify } from "../../../compiler/graph/verify.js";
import { importModel } from "../../../compiler/importer/index.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { DType } from "../../../compiler/ir/types.js";

interface Stored {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly number[];
}

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/onnx/${name}`, import.meta.url));

describe("a model of PyTorch", () => {
  test.each([
    { name: "conv", batchNorm: "inference" },
    { name: "encoder", batchNorm: "inference" },
    { name: "bilstm", batchNorm: "inference" },
    { name: "tcn", batchNorm: "inference" },
    { name: "mlp", batchNorm: "training" },
  ] as const)("$name is evaluated to its outputs", ({ name, batchNorm }) => {
    const imported = importModel(readFileSync(fixture(`${name}.onnx`)), { batchNorm });
    if (!imported.ok) throw new Error(imported.problem.message);
    const { model } = imported;
    expect(model.refused).toEqual([]);
    const { inputs, output }: { inputs: Record<string, Stored>; output: Stored } = JSON.parse(
      readFileSync(fixture(`${name}.json`), "utf8"),
    );
    const operands = model.graph.inputs.map(({ name: input = "" }) => {
      const data = inputs[input];
      if (data !== undefined) return tensor(data.dtype, data.shape, data.data);
      const weight = model.weights.find((stored) => stored.name === input);
      if (weight === undefined) throw new Error(input);
      return tensor("float32", weight.shape as readonly number[], weight.values());
    });
    const [result] = evaluate(verify(model.graph, "import"), operands);
    expect(result?.shape).toEqual(output.shape);
    output.data.forEach((expected, index) => {
      expect(result?.data[index]).toBeCloseTo(expected, 5);
    });
  });
});
