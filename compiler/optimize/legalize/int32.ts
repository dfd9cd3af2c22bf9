/**
 * Type legalization: int64 becomes int32, for devices without 64-bit integers. It changes the types of inputs and
 * outputs.
 */
import { retype } from "../../graph/retype.js";
import type { Builder } from "../../ir/builder.js";
import type { DType, Graph, Node, Type, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";

const narrowDType = (dtype: DType): DType => (dtype === "int64" ? "int32" : dtype);

const narrowValue = (b: Builder, value: Value): Value => b.cast(value, narrowDType(value.type.dtype));

function narrowNode(b: Builder, node: Node, inputs: readonly Value[]): readonly Value[] {
  switch (node.op) {
    case "Constant":
      return [b.constant({ ...node.attributes.value, dtype: narrowDType(node.attributes.value.dtype) })];
    case "Cast":
      return inputs.map((input) => b.cast(input, narrowDType(node.attributes.to)));
    case "OneHot":
      return b.apply("OneHot", inputs, { ...node.attributes, dtype: narrowDType(node.attributes.dtype) });
    // ONNX fixes int64 for the results of these operators.
    case "Range":
      return b
        .apply(
          "Range",
          inputs.map((count) => b.cast(count, "int64")),
          node.attributes,
        )
        .map((value) => narrowValue(b, value));
    case "Size":
    case "ArgMax":
      return b.copy(node, inputs).map((value) => narrowValue(b, value));
    default:
      return b.copy(node, inputs);
  }
}

/** The graph with int32 in place of int64, also at inputs and outputs. Every integer must fit into 32 bits. */
export function narrowGraph(graph: Graph): Graph {
  return retype(graph, {
    type: ({ dtype, shape }: Type) => ({ dtype: narrowDType(dtype), shape }),
    node: narrowNode,
  });
}

export const int32: Pass = {
  name: "int32",
  after: ["decompose"],
  description: "Converts int64 to int32, also at inputs and outputs: Cast(x, to=int64) → Cast(x, to=int32).",
  run: narrowGraph,
};
