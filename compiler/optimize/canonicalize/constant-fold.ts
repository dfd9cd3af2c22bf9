/** Constant folding. */
import { evaluateNode } from "../../graph/evaluate.js";
import { type RewriteRule, rewrite } from "../../graph/rewrite.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import { scalarTensor, staticShape } from "../../ir/tensor.js";
import type { Node, Tensor, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";

/** Larger results stay computed: a constant would only move work from the session to the file. */
const MAX_ELEMENTS = 1024;

const isSmall = (value: Value) =>
  staticShape(value.type.shape) !== undefined && Number(elementCount(value.type.shape)) <= MAX_ELEMENTS;

/** Where a window on its operand starts, if the node is one: a place that is not known cannot be cut out. */
const startOf = (node: Node) =>
  node.op === "Slice" ? node.attributes.start : node.op === "Pad" ? node.attributes.before : 0;

const replace: RewriteRule = (node, { b, inputs, constant }) => {
  if (node.op === "Size") {
    const count = elementCount(at(inputs, 0).type.shape);
    return typeof count === "number" ? [b.constant(scalarTensor(count, "int64"))] : undefined;
  }
  if (node.op === "Scan" || inputs.length === 0 || !node.outputs.every(isSmall)) return undefined;
  if (typeof startOf(node) !== "number") return undefined;
  const tensors: Tensor[] = [];
  for (const input of inputs) {
    const tensor = constant(input);
    if (tensor === undefined) return undefined;
    tensors.push(tensor);
  }
  return evaluateNode(node, tensors, new Map()).map(b.constant);
};

export const constantFold: Pass = {
  name: "constant-fold",
  preserves: ["constant-fold"],
  description: "Operations on constants become constants: 2 * 3 → 6.",
  run: (graph) => rewrite(graph, replace),
};
