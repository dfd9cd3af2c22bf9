/** Constant folding: nodes whose operands are all constant are evaluated at compile time. */
import { evaluateNode } from "../../graph/evaluate.js";
import { type RewriteRule, rewrite } from "../../graph/rewrite.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import { scalarTensor, staticShape } from "../../ir/tensor.js";
import type { Node, Tensor, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";

/** Larger results are computed at run time: as constants they would only make the file larger. */
const MAX_ELEMENTS = 1024;

const isSmall = (value: Value) =>
  staticShape(value.type.shape) !== undefined && Number(elementCount(value.type.shape)) <= MAX_ELEMENTS;

/** The start of a window on the operand, 0 for any other node; a symbolic start cannot be evaluated. */
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
  description: "Evaluates operations on constants: 2 * 3 → 6.",
  run: (graph) => rewrite(graph, replace),
};
