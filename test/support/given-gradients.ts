/** Training steps whose gradients are inputs, to compare optimizers with reference updates. */
import { graphBuilder } from "../../compiler/graph/builder.js";
import { verify } from "../../compiler/graph/verify.js";
import { tabulate, tensor } from "../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../compiler/ir/types.js";
import { resolveOptimizer } from "../../compiler/training/resolve-optimizer.js";
import { buildStepGraph, type StepGraph } from "../../compiler/training/step-graph.js";
import { repeatSteps } from "../../compiler/training/step-loop.js";
import { base, normal } from "./read-spec.js";

type Shapes = Readonly<Record<string, readonly number[]>>;

/** The step of an optimizer of a spec, for parameters of these shapes; its loss is 0. @param parts of the spec. */
export async function stepOfOptimizer(shapes: Shapes, optimizer: object, parts: object = {}): Promise<StepGraph> {
  const b = graphBuilder("given");
  const names = Object.keys(shapes);
  const input = (name: string, shape: readonly number[] = []) => b.input(name, { dtype: "float32", shape });
  for (const name of names) input(name, shapes[name]);
  const graph = b.finish([b.scalar(0), ...names.map((name) => input(`gradient/${name}`, shapes[name]))]);
  const ports = [
    ...names.map((name) => ({ name, role: "parameter", initializer: null }) as const),
    ...names.map((name) => ({ name: `gradient/${name}`, role: "data", initializer: null }) as const),
  ];
  return buildStepGraph(graph, ports, resolveOptimizer((await normal({ ...base, ...parts, optimizer })).spec));
}

/** The number of values that a step carries: parameters, slots and the step. */
export function carriedCount({ graph, reported }: StepGraph): number {
  return graph.outputs.length - reported.length;
}

/** Steps in one graph that also reports the parameters after each. @param graph of the step, maybe optimized. */
export function stepsWithParameters(step: StepGraph, graph: Graph, parameters: number): Graph {
  const outputs = [...graph.outputs, ...graph.outputs.slice(0, parameters)];
  return verify(repeatSteps({ ...graph, outputs }, carriedCount(step), 0, step.flatGroups), "repeat");
}

/** The inputs of the steps. @param gradients of each parameter, [steps, …]. */
export function operandsOfSteps(
  { slots }: StepGraph,
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
): readonly Tensor[] {
  return [
    ...parameters,
    ...slots.map(({ shape, initial }) => tabulate("float32", shape as readonly number[], () => initial)),
    tensor("int64", [], [0]),
    ...gradients,
  ];
}
