/** The rules of CUDA have the outcomes that its provider logged for models of one operator: cuda-kernels.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ModelNode } from "../../../compiler/onnx/read/nodes.js";
import { portability } from "../../../compiler/portability/report.js";

interface Measured {
  readonly opsets: readonly number[];
  /** Element types by outcome, or by the outcomes of some opsets ("18 runs, 20 cpu"); by operator, or operator.variant. */
  readonly operators: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
const fixture = join(import.meta.dirname, "../../fixtures/cuda-kernels.json");
const measured = JSON.parse(readFileSync(fixture, "utf8")) as Measured;

/** Attributes of the variants. Those of Cast and of additions select no kernel. */
const attributes: Readonly<Record<string, Readonly<Record<string, number | string | readonly string[]>>>> = {
  last: { select_last_index: 1 },
  clip: { clip: 1 },
  if: { input_forget: 1 },
  lbr: { linear_before_reset: 1 },
  "LSTM act0": { activations: ["Sigmoid", "Tanh", "Tanh"] },
  "LSTM act1": { activations: ["Tanh", "Sigmoid", "Tanh"] },
  "LSTM act2": { activations: ["Relu", "Tanh", "Tanh"] },
  "GRU act0": { activations: ["Sigmoid", "Tanh"] },
  "GRU act1": { activations: ["Tanh", "Sigmoid"] },
  "GRU act2": { activations: ["HardSigmoid", "Tanh"] },
  "RNN act0": { activations: ["Tanh"] },
  "RNN act1": { activations: ["Relu"] },
  "RNN act2": { activations: ["Sigmoid"] },
};

/** Types of the inputs that a kernel is selected by, where it is not the first. */
const inputs: Readonly<Record<string, (type: string) => readonly string[]>> = {
  OneHot: (type) => ["int64", "int64", type],
  Where: (type) => ["bool", type, type],
  ConstantOfShape: () => ["int64"],
  QuantizeLinear: (type) => ["float32", "float32", type],
  RandomNormal: () => [],
  RandomUniform: () => [],
};

function nodeOf(key: string, type: string): ModelNode {
  const [operator = "", ...variants] = key.split(".");
  const entries = variants.flatMap((variant) =>
    Object.entries(attributes[variant] ?? attributes[`${operator} ${variant}`] ?? {}),
  );
  const peepholes = variants.includes("peep") ? ["", "", "", "", type] : [];
  const types = inputs[operator]?.(type) ?? [type, type, type, ...peepholes];
  return {
    domain: "ai.onnx",
    operator,
    attributes: new Map(entries),
    inputs: types,
    outputs: [true],
    inLoop: false,
    undefinedInput: null,
    names: { inputs: types.map((_, index) => `x${index}`), outputs: ["y"] },
    graph: { inputs: new Set(types.map((_, index) => `x${index}`)), initializers: new Map() },
  };
}

function outcomeOf(node: ModelNode, opset: number): string | undefined {
  const model = { inputs: [], opsets: { "ai.onnx": opset }, irVersion: 8 };
  return portability(model, [node]).find(({ runtime }) => runtime.endsWith("CUDA"))?.outcome;
}

/** Kernels of versions that ended before opset 20. */
const known = new Set([
  ...["PRelu int32 18", "PRelu int64 18", "Relu int64 18"],
  ...["Dropout bfloat16 18", "ReduceL2 bfloat16 18", "ReduceLogSumExp bfloat16 18"],
]);

test("every operator, element type and opset", () => {
  const differences: string[] = [];
  let count = 0;
  for (const [key, byOutcome] of Object.entries(measured.operators))
    for (const [outcomes, types] of Object.entries(byOutcome))
      for (const type of types.split(" "))
        for (const opset of measured.opsets) {
          const expected = /^\d/.test(outcomes) ? new RegExp(`${opset} (\\w+)`).exec(outcomes)?.[1] : outcomes;
          if (expected === undefined) continue;
          count += 1;
          const actual = outcomeOf(nodeOf(key, type), opset);
          if (actual !== expected) differences.push(`${key} ${type} ${opset}: ${actual}, not ${expected}`);
        }
  expect(count).toBeGreaterThan(4000);
  expect(differences.filter((line) => !known.has(line.split(":")[0] ?? ""))).toEqual([]);
});
