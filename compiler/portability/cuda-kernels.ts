/**
 * Kernels and copies on the device that ONNX Runtime's CUDA provider starts for the nodes of a model without loops. Source:
 * the calls of the provider of 1.29 for models of one operator; fused operators are not counted as such.
 */
import type { ModelNode } from "../onnx/read/nodes.js";

/** Operators that give another shape to the same memory. */
const withoutKernel: ReadonlySet<string> = new Set(["Constant", "Flatten", "Reshape", "Squeeze", "Unsqueeze"]);

/** Operators that fill or copy their result before a kernel completes it. */
const withTwo: ReadonlySet<string> = new Set([
  "OneHot",
  "ReduceMax",
  "ReduceMean",
  "ReduceSum",
  "ScatterElements",
  "ScatterND",
]);

export function cudaKernels(nodes: readonly ModelNode[]): number {
  return nodes.reduce((sum, node) => sum + kernelsOf(node), 0);
}

function kernelsOf({ operator, inputs }: ModelNode): number {
  if (withoutKernel.has(operator)) return 0;
  // The third operand is copied to the result, to which the product is added.
  if (operator === "Gemm") return (inputs[2] ?? "") === "" ? 1 : 2;
  return withTwo.has(operator) ? 2 : 1;
}
