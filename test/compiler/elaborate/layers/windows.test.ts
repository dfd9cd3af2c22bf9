/** conv1d and pool over windows, and weight normalization: outputs, lengths and gradients against PyTorch's of each sequence alone, in float64. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import type { Program } from "../../../../compiler/elaborate/program.js";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { restrictGraph } from "../../../../compiler/graph/extract-subgraph.js";
import { inline } from "../../../../compiler/graph/rewrite.js";
import { at } from "../../../../compiler/ir/expect.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph, Tensor, Value } from "../../../../compiler/ir/types.js";
import { withStaticTime } from "../../../../compiler/signature.js";
import { open, operandsOf, outputsOf, programOf } from "../../../support/programs.js";
import { expectClose, type Numbers, nested, readFixture, tensorOf } from "../../../support/reference-numbers.js";
import { expectSame } from "../../../support/run-graph.js";

interface Case {
  readonly layer: Readonly<Record<string, unknown>>;
  readonly channels: number;
  readonly lengths: readonly number[] | null;
  readonly output_lengths: readonly number[];
  /** Zeros past the lengths. */
  readonly output: Numbers;
  readonly gradients: Readonly<Record<string, Numbers>>;
}

const { cases } = readFixture<{ readonly cases: readonly Case[] }>("windows.json");
const [BATCH, TIME, OPSET] = [2, 9, 18];

/** The entries that the reference numbers were computed from. */
function numbers(seed: number, shape: readonly number[]): Numbers {
  const count = shape.reduce((size, dim) => size * dim, 1);
  const data = Array.from({ length: count }, (_, i) => Math.floor(1000 * Math.sin(12.9898 * i + seed)) / 1000);
  return { shape, data };
}

async function programOfCase({ layer, channels, lengths }: Case, isStatic: boolean): Promise<Program> {
  const opened = await open({
    data: {
      type: "arrays",
      inputs: nested(numbers(1, [BATCH, TIME, channels])),
      targets: [[0], [0]],
      ...(lengths && { lengths }),
    },
    model: [layer, { layer: "pool", name: "whole", mode: "sum" }, { layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
  });
  return programOf(isStatic ? { ...opened, signature: withStaticTime(opened.signature) } : opened);
}

/**
 * The sum of the layer's output times weights, which are 0 past the lengths; the output, batch first; and its sum over
 * the valid steps.
 */
function weightedOutput({ graph, inputs, layers }: Program): Graph {
  const b = graphBuilder("weighted");
  const operands = graph.inputs.map((input, index) => b.input(at(inputs, index).name, input.type));
  const read = [at(layers, 0).value, at(layers, 1).value];
  const [output, whole] = inline(b, { ...graph, outputs: read }, operands) as [Value, Value];
  const batchMajor = b.transpose(output, [1, 0, 2]);
  const weights = b.input("weights", { dtype: "float32", shape: batchMajor.type.shape });
  const results = [b.sum(b.mul(batchMajor, weights)), batchMajor, whole];
  const { graph: restricted, live } = restrictGraph(b.finish(results), results);
  return { ...restricted, inputs: restricted.inputs.filter((input) => live.has(input)) };
}

/** Zeros past the lengths of the windows. */
function masked({ shape, data }: Pick<Tensor, "shape" | "data"> | Numbers, lengths: readonly number[]): Numbers {
  const [, steps = 0, width = 0] = shape;
  const isValid = (index: number) =>
    Math.floor(index / width) % steps < (lengths[Math.floor(index / (steps * width))] ?? 0);
  return { shape, data: Array.from(data, (entry, index) => (isValid(index) ? entry : 0)) };
}

const title = ({ layer, lengths }: Case) =>
  `${Object.entries(layer)
    .map(([key, value]) => (key === "layer" ? value : `${key} ${value}`))
    .join(", ")}${lengths === null ? "" : ", with lengths"}`;

const seeds: Readonly<Record<string, number>> = { W: 2, v: 2, b: 3, g: 5 };
const seedOf = (name: string) => (name === "inputs" ? 1 : (seeds[name.slice(-1)] ?? 0));

describe.each([
  ["steps known at run time", false],
  ["steps known at compile time", true],
])("%s", (_, isStatic) => {
  test.each(cases.map((fixture) => [title(fixture), fixture] as const))("%s", async (_, fixture) => {
    const { output: expected, output_lengths: windows, lengths, channels } = fixture;
    const graph = weightedOutput(await programOfCase(fixture, isStatic));
    const names = Object.keys(fixture.gradients);
    const shapes: Readonly<Record<string, readonly number[] | undefined>> = {
      inputs: [BATCH, TIME, channels],
      ...Object.fromEntries(names.map((name) => [name, fixture.gradients[name]?.shape])),
    };
    const operands = new Map<string, Tensor>([
      ["lengths", tensor("int64", [BATCH], lengths ?? [TIME, TIME])],
      ["weights", tensorOf(masked(numbers(4, expected.shape), windows))],
      ...names.map((name) => [name, tensorOf(numbers(seedOf(name), shapes[name] ?? []))] as const),
    ]);
    const ports = graph.inputs.map((input) => ({ name: input.name ?? "" }));
    const gradient = differentiate(
      graph,
      0,
      names.map((name) => ports.findIndex((port) => port.name === name)),
    );
    const feeds = operandsOf(ports, operands);
    const [loss, output, whole, ...gradients] = evaluate(gradient, feeds);
    expect(loss?.shape).toEqual([]);
    expectClose(
      { ...(output as Tensor), ...tensorOf(masked(output as Tensor, windows)) },
      expected,
      1e-6,
      "the output",
    );
    const [, steps = 0, width = 0] = expected.shape;
    const sums = Array.from({ length: BATCH * width }, (_, index) =>
      Array.from({ length: steps }, (_, step) => {
        return expected.data[(Math.floor(index / width) * steps + step) * width + (index % width)] ?? Number.NaN;
      }).reduce((x, y) => x + y),
    );
    expectClose(whole, { shape: [BATCH, width], data: sums }, 1e-6, "the sum over the windows");
    names.forEach((name, index) => {
      expectClose(gradients[index], fixture.gradients[name] as Numbers, 1e-6, `the gradient of ${name}`);
    });
    await expectSame(gradient, feeds, OPSET);
  });
});

test("a kernel of one step is a dense layer, also before a gated activation", async () => {
  const outputs = await Promise.all(
    [{ layer: "conv1d", kernel_size: 1 }, { layer: "dense" }].map(async (layer) => {
      const opened = await open({
        data: {
          type: "arrays",
          inputs: nested(numbers(1, [BATCH, TIME, 2])),
          targets: nested(numbers(1, [BATCH, TIME, 3])),
        },
        model: [{ ...layer, name: "a", size: 3, activation: "swiglu" }],
        loss: { type: "squared_error" },
        optimizer: { type: "adam" },
      });
      const kernelShape = layer.layer === "dense" ? [2, 6] : [1, 2, 6];
      const operands = new Map([
        ["inputs", tensorOf(numbers(1, [BATCH, TIME, 2]))],
        ["a/W", tensorOf(numbers(2, kernelShape))],
        ["a/b", tensorOf(numbers(3, [6]))],
      ]);
      return outputsOf(programOf(opened, "inference"), operands, ["prediction"]).get("outputs");
    }),
  );
  expect(outputs[0]).toEqual(outputs[1]);
  expect(outputs[0]?.shape).toEqual([BATCH, TIME, 3]);
});
