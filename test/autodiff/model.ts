/** Small models for tests of gradients: named inputs of any dtype, and numbers to run them on. */
import { graphBuilder } from "../../compiler/graph/build.js";
import { verify } from "../../compiler/graph/verify.js";
import type { Builder } from "../../compiler/ir/builder.js";
import { sizeOf } from "../../compiler/ir/dims.js";
import { tabulate } from "../../compiler/ir/tensor.js";
import type { Dim, Graph, Tensor, Value } from "../../compiler/ir/types.js";
import { type Stream, stream } from "../../runtime/random.js";
import { expectGradients, weightedSum } from "./differences.js";

const sizes: ReadonlyMap<string, number> = new Map([
  ["batch", 2],
  ["time", 4],
  ["words", 3],
]);

/** Whole numbers given to a model are below this. */
export const CLASSES = 3;

export interface Inputs {
  float(name: string, ...shape: readonly Dim[]): Value;
  whole(name: string, ...shape: readonly Dim[]): Value;
  flag(name: string, ...shape: readonly Dim[]): Value;
}

export function model(name: string, build: (b: Builder, inputs: Inputs) => readonly Value[]): Graph {
  const b = graphBuilder(name);
  const outputs = build(b, {
    float: (input, ...shape) => b.input(input, { dtype: "float32", shape }),
    whole: (input, ...shape) => b.input(input, { dtype: "int64", shape }),
    flag: (input, ...shape) => b.input(input, { dtype: "bool", shape }),
  });
  return verify(b.finish(outputs), "build");
}

export function drawInputs(graph: Graph, random: Stream): readonly Tensor[] {
  const float = () => random.normal();
  const whole = () => random.below(CLASSES);
  const entries = { float32: float, float16: float, int64: whole, int32: whole, bool: () => random.below(2) };
  return graph.inputs.map(({ type: { dtype, shape } }) =>
    tabulate(
      dtype,
      shape.map((dim) => sizeOf(dim, sizes) ?? Number.NaN),
      entries[dtype],
    ),
  );
}

/** Gradients of all outputs with respect to all float inputs together, and to each of them alone. */
export function expectGradientsOf(graph: Graph): void {
  const loss = weightedSum(graph, drawInputs(graph, stream(1, graph.name)), stream(2, graph.name));
  const floats = graph.inputs.flatMap(({ type }, position) => (type.dtype === "float32" ? [position] : []));
  expectGradients(loss, floats);
  if (floats.length > 1) for (const position of floats) expectGradients(loss, [position]);
}
