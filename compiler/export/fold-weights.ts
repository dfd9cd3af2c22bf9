/** Weights of an exported model: values that depend on weights alone are computed here once, not at every run. */
import { evaluateNode } from "../graph/evaluate.js";
import { elementCount } from "../ir/dims.js";
import { expectDefined } from "../ir/expect.js";
import { staticShape } from "../ir/tensor.js";
import type { DType, Graph, Node, Tensor, Value } from "../ir/types.js";

export type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** A weight, or a value that depends on weights alone. */
export interface FoldedTensor {
  /** Default: float32. */
  readonly dtype?: DType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

export type FoldedTensors = ReadonlyMap<string, FoldedTensor>;

export interface FoldedModel {
  /** Inputs are those of the data, then the weights. */
  readonly graph: Graph;
  /** By the names of the graph's inputs. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

/**
 * Constant folding of weights.
 *
 * @param isWeight true for inputs of the graph that are weights; their values are in `parameters` by name.
 * @param unfolded keep all weights without folding.
 * @returns the graph with the weights that it still reads as last inputs, and their values.
 */
export function foldWeights(
  graph: Graph,
  isWeight: (input: Value, index: number) => boolean,
  parameters: FoldedTensors,
  unfolded = false,
): FoldedModel {
  const constants = new Map<Value, Tensor>();
  const weightDerived = new Set<Value>();
  const inputs = graph.inputs.filter((input, index) => {
    if (!isWeight(input, index)) return true;
    const parameter = expectDefined(parameters.get(String(input.name)), `the weights of ${input.name}`);
    const { dtype = "float32", shape, data } = parameter;
    constants.set(input, { dtype, shape, data: Float64Array.from(data) });
    weightDerived.add(input);
    return false;
  });
  const nodes = graph.nodes.filter((node) => {
    if (node.op === "Constant") {
      for (const output of node.outputs) constants.set(output, node.attributes.value);
      return true;
    }
    if (unfolded || !isFoldable(node, constants, weightDerived)) return true;
    const operands = node.inputs.map((input) => constants.get(input) as Tensor);
    evaluateNode(node, operands, new Map()).forEach((tensor, index) => {
      const output = node.outputs[index] as Value;
      constants.set(output, tensor);
      weightDerived.add(output);
    });
    return false;
  });
  // Weights that the remaining nodes read.
  const liveWeights = new Set(
    [...nodes.flatMap((node) => node.inputs), ...graph.outputs].filter((value) => weightDerived.has(value)),
  );
  const names = new Map<Value, string>();
  for (const value of liveWeights) names.set(value, freshName(value.name ?? "weights", new Set(names.values())));
  const renamedGraph = renameInputs({ ...graph, inputs: [...inputs, ...liveWeights], nodes }, names);
  return {
    graph: renamedGraph,
    weights: new Map([...names].map(([value, name]) => [name, constants.get(value) as Tensor])),
  };
}

/** True if a node depends on weights alone, and its outputs have static shapes and are no larger than its inputs. */
function isFoldable(node: Node, constants: ReadonlyMap<Value, Tensor>, weightDerived: ReadonlySet<Value>): boolean {
  if (node.op === "Scan" || !node.inputs.every((input) => constants.has(input))) return false;
  if (!node.inputs.some((input) => weightDerived.has(input))) return false;
  const sizes = (values: readonly Value[]) => values.map(({ type }) => Number(elementCount(type.shape)));
  if (node.outputs.some(({ type }) => staticShape(type.shape) === undefined)) return false;
  const total = (values: readonly Value[]) => sizes(values).reduce((sum, size) => sum + size, 0);
  return total(node.outputs) <= total(node.inputs);
}

function freshName(name: string, usedNames: ReadonlySet<string>): string {
  if (!usedNames.has(name)) return name;
  for (let suffix = 2; ; suffix++) if (!usedNames.has(`${name}_${suffix}`)) return `${name}_${suffix}`;
}

/** The graph with new names for some of its inputs. */
function renameInputs(graph: Graph, names: ReadonlyMap<Value, string>): Graph {
  const replacements = new Map<Value, Value>();
  for (const [value, name] of names) if (value.name !== name) replacements.set(value, { ...value, name });
  if (replacements.size === 0) return graph;
  const replacementOf = (value: Value) => replacements.get(value) ?? value;
  return {
    ...graph,
    inputs: graph.inputs.map(replacementOf),
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(replacementOf) })),
    outputs: graph.outputs.map(replacementOf),
  };
}
