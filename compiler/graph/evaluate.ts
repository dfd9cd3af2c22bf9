/** The reference evaluator: runs a graph in float64, slowly and plainly, to say what it means. */
import { sizeOf } from "../ir/dims.js";
import type { OpName } from "../ir/operators.js";
import type { Dim, Graph, NodeOf, Tensor, Value } from "../ir/types.js";
import { at } from "../ops/rule.js";
import { ruleOf } from "./build.js";

/** Evaluates one node. Sizes of symbols that its attributes mention must be known. */
export function evaluateNode<K extends OpName>(
  node: NodeOf<K>,
  inputs: readonly Tensor[],
  sizes: ReadonlyMap<string, number>,
): readonly Tensor[] {
  const size = (dim: Dim): number => {
    const known = sizeOf(dim, sizes);
    if (known === undefined) throw new Error(`the size of ${dim} is not known`);
    return known;
  };
  return ruleOf(node.op).evaluate(inputs, node.attributes, {
    size,
    run: (body, operands) => evaluate(body, operands, sizes),
  });
}

/** Outputs of a graph. Symbols are bound to the sizes that the inputs have where their types name them. */
export function evaluate(
  graph: Graph,
  inputs: readonly Tensor[],
  outer: ReadonlyMap<string, number> = new Map(),
): readonly Tensor[] {
  const sizes = new Map(outer);
  const values = new Map<Value, Tensor>();
  graph.inputs.forEach((input, index) => {
    const given = at(inputs, index);
    if (given.dtype !== input.type.dtype || given.shape.length !== input.type.shape.length)
      throw new Error(`${input.name} is ${input.type.dtype} of rank ${input.type.shape.length}`);
    input.type.shape.forEach((dim, axis) => {
      if (typeof dim === "string" && !sizes.has(dim)) sizes.set(dim, at(given.shape, axis));
      if (sizeOf(dim, sizes) !== given.shape[axis])
        throw new Error(`${input.name} has ${given.shape[axis]} along axis ${axis}, not ${dim}`);
    });
    values.set(input, given);
  });
  const lookUp = (value: Value): Tensor => {
    const known = values.get(value);
    if (known === undefined) throw new Error(`${value.name ?? "a value"} is used before it is made`);
    return known;
  };
  for (const node of graph.nodes) {
    const results = evaluateNode(node as NodeOf<OpName>, node.inputs.map(lookUp), sizes);
    node.outputs.forEach((output, index) => {
      values.set(output, at(results, index));
    });
  }
  return graph.outputs.map(lookUp);
}
