/** The reference evaluator: runs a graph in float64 (float16 rounded after each node), slowly and plainly, to say what it means. */
import { evaluateDim, printShape, symbolsOf } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { roundToFloat16 } from "../ir/float16.js";
import type { Dim, Graph, NodeOf, OpName, Tensor, Value } from "../ir/types.js";
import { ruleOf } from "./builder.js";

/** Evaluates one node. Sizes of symbols that its attributes mention must be known. */
export function evaluateNode<K extends OpName>(
  node: NodeOf<K>,
  inputs: readonly Tensor[],
  sizes: ReadonlyMap<string, number>,
): readonly Tensor[] {
  const size = (dim: Dim): number => {
    const value = evaluateDim(dim, sizes);
    if (value === undefined) throw new Error(`the size of ${dim} is not known`);
    return value;
  };
  const results = ruleOf(node.op).evaluate(inputs, node.attributes, {
    size,
    run: (body, operands) => evaluate(body, operands, sizes),
  });
  return results.map((result) =>
    result.dtype === "float16" ? { ...result, data: result.data.map(roundToFloat16) } : result,
  );
}

/** The size of every symbol that is an axis of some input, once all inputs have the types that the graph declares. */
function inferSizes(
  graph: Graph,
  inputs: readonly Tensor[],
  outerSizes: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  if (inputs.length !== graph.inputs.length)
    throw new Error(`${graph.name} takes ${graph.inputs.length} inputs, not ${inputs.length}`);
  const sizes = new Map(outerSizes);
  const axes = graph.inputs.flatMap(({ name = "an input", type }, index) => {
    const actual = at(inputs, index);
    if (actual.dtype !== type.dtype || actual.shape.length !== type.shape.length)
      throw new Error(
        `${name} is ${actual.dtype}${printShape(actual.shape)}, not ${type.dtype}${printShape(type.shape)}`,
      );
    return type.shape.map((dim, axis) => ({ name, dim, axis, size: at(actual.shape, axis) }));
  });
  for (const { dim, size } of axes) {
    if (symbolsOf(dim)[0] === dim && !sizes.has(dim)) sizes.set(dim, size);
  }
  for (const { name, dim, axis, size } of axes) {
    if (evaluateDim(dim, sizes) !== size) throw new Error(`${name} has ${size} along axis ${axis}, not ${dim}`);
  }
  return sizes;
}

/** Outputs of a graph. Symbols are bound to the sizes that the inputs have where their types name them. */
export function evaluate(
  graph: Graph,
  inputs: readonly Tensor[],
  outerSizes: ReadonlyMap<string, number> = new Map(),
): readonly Tensor[] {
  const sizes = new Map(inferSizes(graph, inputs, outerSizes));
  const values = new Map(graph.inputs.map((input, index) => [input, at(inputs, index)]));
  const lookUp = (value: Value): Tensor => {
    const tensor = values.get(value);
    if (tensor === undefined) throw new Error(`${value.name ?? "a value"} is used before it is made`);
    return tensor;
  };
  for (const node of graph.nodes) {
    const results = evaluateNode(node as NodeOf<OpName>, node.inputs.map(lookUp), sizes);
    node.outputs.forEach((output, index) => {
      const result = at(results, index);
      values.set(output, result);
      // A Range may say what its symbol stands for.
      if (node.op === "Range" && !sizes.has(String(output.type.shape[0])))
        sizes.set(String(output.type.shape[0]), at(result.shape, 0));
    });
  }
  return graph.outputs.map(lookUp);
}
