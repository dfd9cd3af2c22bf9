/** Models with the weights of PyTorch's attention, convolutions and norms predict what its modules do, in float64. */
import { describe, expect, test } from "vitest";
import { readInitialWeights } from "../../../runtime/import/initial-weights.js";
import { build } from "../../support/artifacts.js";
import { type Numbers, nested, readFixture } from "../../support/reference-numbers.js";
import { type Named, outputsOf, stateDict } from "./weight-files.js";

interface Case {
  readonly name: string;
  readonly weights: Readonly<Record<string, Numbers>>;
  readonly inputs: readonly unknown[];
  readonly model: readonly object[];
  readonly outputs: Numbers;
}

const { cases } = readFixture<{ readonly cases: readonly Case[] }>("weights/pytorch.json");

function tensorsOf({ weights }: Case): Named {
  const tensors = Object.entries(weights).map(
    ([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }] as const,
  );
  return Object.fromEntries(tensors);
}

const specOf = ({ inputs, model, outputs }: Case) => ({
  data: { type: "arrays", inputs, targets: nested({ ...outputs, data: outputs.data.map(() => 0) }) },
  model,
});

function expectOutputs(actual: readonly number[], { outputs }: Case): void {
  expect(actual).toHaveLength(outputs.data.length);
  actual.forEach((value, index) => {
    expect(Math.abs(value - (outputs.data[index] ?? Number.NaN))).toBeLessThan(1e-5);
  });
}

test.each(cases)("$name", async (module) => {
  expectOutputs(await outputsOf(specOf(module), stateDict(tensorsOf(module))), module);
});

const caseOf = (name: string): Case => {
  const found = cases.find((other) => other.name === name);
  if (found === undefined) throw new Error(`the fixture has no case ${name}`);
  return found;
};

describe("weights that cannot be matched", () => {
  test("biases of keys and values, which have no counterpart", async () => {
    const module = caseOf("MultiheadAttention");
    const bias = { shape: [1, 1, 4], data: new Float32Array(4) };
    const file = stateDict({ ...tensorsOf(module), "attn.bias_k": bias, "attn.bias_v": bias });
    await expect(outputsOf(specOf(module), file)).rejects.toThrow("attn.bias_k has no counterpart in attention.");
  });

  test("norms of one shape whose names have no order, until they are mapped", async () => {
    const module = caseOf("TransformerEncoderLayer");
    const names = { norm1: "input_layernorm", norm2: "post_attention_layernorm" };
    const renamed = Object.entries(tensorsOf(module)).map(([name, tensor]) => {
      const [own = "", ...rest] = name.split(".");
      return [[names[own as keyof typeof names] ?? own, ...rest].join("."), tensor] as const;
    });
    const file = stateDict(Object.fromEntries(renamed));
    await expect(outputsOf(specOf(module), file)).rejects.toThrow("cannot be matched unambiguously");
    const map = { from: "input_layernorm", to: "layer_norm" };
    expectOutputs(await outputsOf(specOf(module), file, [map]), module);
  });

  test("blocks of two lists, until one is mapped to layers of its kinds in order", async () => {
    const module = caseOf("TransformerEncoder, norms last");
    const own = tensorsOf(module);
    const copies = Object.entries(own).flatMap(([name, tensor]) =>
      name.startsWith("encoder.") ? [[name.replace("encoder.", "other."), tensor] as const] : [],
    );
    const file = stateDict({ ...own, ...Object.fromEntries(copies) });
    await expect(outputsOf(specOf(module), file)).rejects.toThrow("cannot be matched unambiguously");
    const maps = [
      { from: "encoder.layers", to: "transformer" },
      { from: "other", to: "" },
    ];
    expectOutputs(await outputsOf(specOf(module), file, maps), module);
  });
});

test("settings that a state dict does not store are listed", async () => {
  const module = caseOf("TransformerEncoder, norms first");
  const { spec, artifact } = await build({
    ...specOf(module),
    loss: { type: "squared_error" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
  });
  const { parameters } = artifact.manifest;
  const result = await readInitialWeights({ file: stateDict(tensorsOf(module)), maps: [] }, { spec, parameters });
  expect(result.ok && result.value.notices.at(-1)).toBe(
    "The file does not store these settings, which are those of the spec: layer_norm with epsilon 0.00001; attention with heads 2.",
  );
});
