/** Weights as an exported model holds them: whatever hangs on weights alone is computed once, here, and not at every run. */
import { evaluateNode } from "../graph/evaluate.js";
import { elements } from "../ir/dims.js";
import type { OpName } from "../ir/operators.js";
import { present } from "../ir/present.js";
import { staticShape } from "../ir/tensor.js";
import type { Graph, Node, NodeOf, Tensor, Value } from "../ir/types.js";

export type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

export interface Baked {
  /** Its inputs are those of the data, then the weights. */
  readonly graph: Graph;
  /** By the names of the graph's inputs. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

/**
 * @param isWeight which inputs of the graph are weights: those of `parameters` by their names.
 * @param asTrained leave all weights as they are.
 */
export function bake(
  graph: Graph,
  isWeight: (input: Value, index: number) => boolean,
  parameters: Tensors,
  asTrained = false,
): Baked {
  const known = new Map<Value, Tensor>();
  const weighty = new Set<Value>();
  const inputs = graph.inputs.filter((input, index) => {
    if (!isWeight(input, index)) return true;
    const given = present(parameters.get(String(input.name)), `the weights of ${input.name}`);
    known.set(input, { dtype: "float32", shape: given.shape, data: Float64Array.from(given.data) });
    weighty.add(input);
    return false;
  });
  const nodes = graph.nodes.filter((node) => {
    if (node.op === "Constant") {
      for (const output of node.outputs) known.set(output, node.attributes.value);
      return true;
    }
    if (asTrained || !isBakeable(node, known, weighty)) return true;
    const operands = node.inputs.map((input) => known.get(input) as Tensor);
    evaluateNode(node as NodeOf<OpName>, operands, new Map()).forEach((tensor, index) => {
      const output = node.outputs[index] as Value;
      known.set(output, tensor);
      weighty.add(output);
    });
    return false;
  });
  // What is still read of it.
  const read = new Set(
    [...nodes.flatMap((node) => node.inputs), ...graph.outputs].filter((value) => weighty.has(value)),
  );
  const names = new Map<Value, string>();
  for (const value of read) names.set(value, freshName(value.name ?? "weights", new Set(names.values())));
  const renamed = rename({ ...graph, inputs: [...inputs, ...read], nodes }, names);
  return {
    graph: renamed,
    weights: new Map([...names].map(([value, name]) => [name, known.get(value) as Tensor])),
  };
}

/** Of weights alone, of a size that is known, and no larger than what it is made of. */
function isBakeable(node: Node, known: ReadonlyMap<Value, Tensor>, weighty: ReadonlySet<Value>): boolean {
  if (node.op === "Scan" || !node.inputs.every((input) => known.has(input))) return false;
  if (!node.inputs.some((input) => weighty.has(input))) return false;
  const sizes = (values: readonly Value[]) => values.map(({ type }) => Number(elements(type.shape)));
  if (node.outputs.some(({ type }) => staticShape(type.shape) === undefined)) return false;
  const total = (values: readonly Value[]) => sizes(values).reduce((sum, size) => sum + size, 0);
  return total(node.outputs) <= total(node.inputs);
}

function freshName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) if (!taken.has(`${name}_${number}`)) return `${name}_${number}`;
}

/** The same graph, with some of its inputs under other names. */
function rename(graph: Graph, names: ReadonlyMap<Value, string>): Graph {
  const others = new Map<Value, Value>();
  for (const [value, name] of names) if (value.name !== name) others.set(value, { ...value, name });
  if (others.size === 0) return graph;
  const of = (value: Value) => others.get(value) ?? value;
  return {
    ...graph,
    inputs: graph.inputs.map(of),
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(of) })),
    outputs: graph.outputs.map(of),
  };
}
