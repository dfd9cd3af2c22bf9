/** Constant folding. */
import { evaluateNode } from "../graph/evaluate.js";
import { type Replacement, rewrite } from "../graph/rewrite.js";
import { elements } from "../ir/dims.js";
import type { OpName } from "../ir/operators.js";
import { at } from "../ir/present.js";
import { scalarTensor, staticShape } from "../ir/tensor.js";
import type { Node, NodeOf, Tensor, Value } from "../ir/types.js";
import type { Pass } from "./pass.js";

/** Larger results stay computed: a constant would only move work from the session to the file. */
const LARGEST = 1024;

const isSmall = (value: Value) =>
  staticShape(value.type.shape) !== undefined && Number(elements(value.type.shape)) <= LARGEST;

/** Where a window on its operand starts, if the node is one: a place that is not known cannot be cut out. */
const placeOf = (node: Node) =>
  node.op === "Slice" ? node.attributes.start : node.op === "Pad" ? node.attributes.before : 0;

const replace: Replacement = (node, { b, inputs, constant }) => {
  if (node.op === "Size") {
    const count = elements(at(inputs, 0).type.shape);
    return typeof count === "number" ? [b.constant(scalarTensor(count, "int64"))] : undefined;
  }
  if (node.op === "Scan" || inputs.length === 0 || !node.outputs.every(isSmall)) return undefined;
  if (typeof placeOf(node) !== "number") return undefined;
  const tensors: Tensor[] = [];
  for (const input of inputs) {
    const tensor = constant(input);
    if (tensor === undefined) return undefined;
    tensors.push(tensor);
  }
  return evaluateNode(node as NodeOf<OpName>, tensors, new Map()).map(b.constant);
};

export const fold: Pass = {
  name: "fold",
  description: "Operations on constants become constants: 2 * 3 → 6.",
  run: (graph) => rewrite(graph, replace),
};
