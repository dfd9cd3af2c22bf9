/** Small models for tests of gradients: named inputs of any dtype, and random data for them. */
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { verify } from "../../../compiler/graph/verify.js";
import type { Builder } from "../../../compiler/ir/builder.js";
import { evaluateDim } from "../../../compiler/ir/dims.js";
import { tabulate } from "../../../compiler/ir/tensor.js";
import type { Dim, Graph, Tensor, Value } from "../../../compiler/ir/types.js";
import { type RandomStream, randomStream } from "../../../runtime/tensors/random.js";
import { expectGradients, weightedSum } from "../../support/finite-differences.js";

const sizes: ReadonlyMap<string, number> = new Map([
  ["batch", 2],
  ["time", 4],
  ["words", 3],
]);

/** Integer inputs are below this. */
export const CLASSES = 3;

export interface Inputs {
  float(name: string, ...shape: readonly Dim[]): Value;
  integer(name: string, ...shape: readonly Dim[]): Value;
  flag(name: string, ...shape: readonly Dim[]): Value;
}

export function model(name: string, build: (b: Builder, inputs: Inputs) => readonly Value[]): Graph {
  const b = graphBuilder(name);
  const outputs = build(b, {
    float: (input, ...shape) => b.input(input, { dtype: "float32", shape }),
    integer: (input, ...shape) => b.input(input, { dtype: "int64", shape }),
    flag: (input, ...shape) => b.input(input, { dtype: "bool", shape }),
  });
  return verify(b.finish(outputs), "build");
}

export function drawInputs(graph: Graph, random: RandomStream): readonly Tensor[] {
  const float = () => random.normal();
  const drawInteger = () => random.below(CLASSES);
  const entries = {
    float32: float,
    float16: float,
    int64: drawInteger,
    int32: drawInteger,
    bool: () => random.below(2),
  };
  return graph.inputs.map(({ type: { dtype, shape } }) =>
    tabulate(
      dtype,
      shape.map((dim) => evaluateDim(dim, sizes) ?? Number.NaN),
      entries[dtype],
    ),
  );
}

/** Gradients of all outputs with respect to all float inputs together, and to each of them alone. */
export function expectGradientsOf(graph: Graph): void {
  const loss = weightedSum(graph, drawInputs(graph, randomStream(1, graph.name)), randomStream(2, graph.name));
  const floats = graph.inputs.flatMap(({ type }, position) => (type.dtype === "float32" ? [position] : []));
  expectGradients(loss, floats);
  if (floats.length > 1) for (const position of floats) expectGradients(loss, [position]);
}
