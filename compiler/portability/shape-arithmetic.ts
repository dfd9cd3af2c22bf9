/**
 * The nodes that ONNX Runtime places on the CPU although the device has kernels for them: arithmetic with shapes. The
 * rule is that of `GetCpuPreferredNodes` (onnxruntime/core/framework/fallback_cpu_capability.cc).
 */
import type { ModelNode, NodeGraph } from "../onnx/read/nodes.js";

/** Elements of an initializer that is copied to the CPU for such a node. */
const MAX_ELEMENTS = 100;

/** Positions of the inputs that a kernel of the device reads from the memory of the CPU. */
const hostInputs: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(["Reshape", "Expand", "Unsqueeze", "Squeeze", "Split", "Tile"].map((name) => [name, [1]])),
  ...Object.fromEntries(["TopK", "OneHot", "CumSum"].map((name) => [name, [1]])),
  ...Object.fromEntries(
    ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSumExp", "SumSquare"].map((name) => [`Reduce${name}`, [1]]),
  ),
  Slice: [1, 2, 3, 4],
  Pad: [1, 2],
  Range: [0, 1, 2],
  ConstantOfShape: [0],
  Loop: [0, 1],
  If: [0],
};

/**
 * In each graph: readers of Shape and Size, then readers of theirs, whose other inputs are on the CPU or small
 * constants.
 */
export function shapeArithmetic(nodes: readonly ModelNode[]): ReadonlySet<ModelNode> {
  const found = new Set<ModelNode>();
  /** Names of the values in the memory of the CPU. The nodes of a graph are in topological order. */
  const namesOnCpu = new Map<NodeGraph, Set<string>>();
  for (const node of nodes) {
    const onCpu = namesOnCpu.get(node.graph) ?? new Set<string>();
    namesOnCpu.set(node.graph, onCpu);
    const isPlaced = isOnCpu(node, onCpu);
    if (isPlaced) found.add(node);
    // The kernels of these write to the memory of the CPU.
    if (isPlaced || node.operator === "Shape" || node.operator === "Size")
      for (const output of node.names.outputs) onCpu.add(output);
  }
  return found;
}

function isOnCpu({ operator, names, inputs, graph }: ModelNode, onCpu: ReadonlySet<string>): boolean {
  if (!names.inputs.some((name) => onCpu.has(name))) return false;
  return names.inputs.every((name, position) => {
    if (["float16", "bfloat16"].includes(inputs[position] ?? "")) return false;
    const elements = graph.initializers.get(name);
    if (graph.inputs.has(name) || (elements !== undefined && elements <= MAX_ELEMENTS)) return true;
    return onCpu.has(name) && !hostInputs[operator]?.includes(position);
  });
}
