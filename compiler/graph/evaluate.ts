/** The reference evaluator: defines a graph's values, in float64 with float16 values rounded after each node. */
import { evaluateDim, printShape, symbolsOf } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { roundToFloat16 } from "../ir/float16.js";
import type { Dim, Graph, NodeOf, OpName, Tensor, Value } from "../ir/types.js";
import { ruleOf } from "./builder.js";

/** Evaluates one node. `sizes` has every symbol of its attributes. */
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

/** The size of every symbol that is an axis of an input. Throws where an input does not have its declared type. */
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

/** The outputs of a graph. The axes of the inputs define the sizes of symbols; `outerSizes` has the others. */
export function evaluate(
  graph: Graph,
  inputs: readonly Tensor[],
  outerSizes: ReadonlyMap<string, number> = new Map(),
): readonly Tensor[] {
  const sizes = new Map(inferSizes(graph, inputs, outerSizes));
  const values = new Map(graph.inputs.map((input, index) => [input, at(inputs, index)]));
  const lookUp = (value: Value): Tensor => {
    const tensor = values.get(value);
    if (tensor === undefined) throw new Error(`${value.name ?? "a value"} is read before it is defined`);
    return tensor;
  };
  for (const node of graph.nodes) {
    const results = evaluateNode(node, node.inputs.map(lookUp), sizes);
    node.outputs.forEach((output, index) => {
      const result = at(results, index);
      values.set(output, result);
      // A Range with an operand defines its symbol.
      if (node.op === "Range" && !sizes.has(String(output.type.shape[0])))
        sizes.set(String(output.type.shape[0]), at(result.shape, 0));
    });
  }
  return graph.outputs.map(lookUp);
}
