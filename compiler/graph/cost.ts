/** What a graph costs to run: floating-point operations, and the bytes that are alive at once. */
import { elementCount, evaluateDim } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Dim, Graph, Node, Value } from "../ir/types.js";

/** The size of each symbol; one that is missing counts as 1. */
export type Sizes = ReadonlyMap<string, number>;

function dimSize(dim: Dim, sizes: Sizes): number {
  return evaluateDim(dim, sizes) ?? 1;
}

const freeOps: ReadonlySet<string> = new Set([
  ...["Constant", "Range", "Size", "Identity", "Cast", "Reshape", "Expand", "Transpose", "Unsqueeze", "Squeeze"],
  ...["Concat", "Split", "Slice", "Pad", "Gather", "GatherElements", "OneHot"],
]);

function nodeFlops(node: Node, sizes: Sizes): number {
  if (node.op === "Scan") return dimSize(node.attributes.length, sizes) * flops(node.attributes.body, sizes);
  if (freeOps.has(node.op)) return 0;
  const result = dimSize(elementCount(at(node.outputs, 0).type.shape), sizes);
  if (node.op === "MatMul" || node.op === "Gemm") {
    const { shape } = at(node.inputs, 0).type;
    const isTransposed = node.op === "Gemm" && node.attributes.transA;
    return 2 * result * dimSize(at(shape, isTransposed ? 0 : shape.length - 1), sizes);
  }
  return Math.max(result, dimSize(elementCount(at(node.inputs, 0).type.shape), sizes));
}

/** Floating-point operations of one run: a multiply-add is two, any other arithmetic one per entry, moving is free. */
export function flops(graph: Graph, sizes: Sizes): number {
  return graph.nodes.reduce((total, node) => total + nodeFlops(node, sizes), 0);
}

const entryBytes = { float32: 4, float16: 2, int32: 4, int64: 8, bool: 1 } as const;

export function bytesOf({ type }: Value, sizes: Sizes): number {
  return dimSize(elementCount(type.shape), sizes) * entryBytes[type.dtype];
}

/** The most bytes that values made by the graph's nodes take at one time, each freed after its last reader. */
export function peakBytes(graph: Graph, sizes: Sizes): number {
  const lastReader = new Map<Value, number>();
  graph.nodes.forEach((node, index) => {
    for (const input of node.inputs) lastReader.set(input, index);
  });
  for (const output of graph.outputs) lastReader.set(output, graph.nodes.length);
  const freedAfter = new Map<number, Value[]>();
  let liveBytes = 0;
  let peak = 0;
  graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      liveBytes += bytesOf(output, sizes);
      const lastUse = lastReader.get(output) ?? index;
      freedAfter.set(lastUse, [...(freedAfter.get(lastUse) ?? []), output]);
    }
    const bodyPeak = node.op === "Scan" ? peakBytes(node.attributes.body, sizes) : 0;
    peak = Math.max(peak, liveBytes + bodyPeak);
    for (const value of freedAfter.get(index) ?? []) liveBytes -= bytesOf(value, sizes);
  });
  return peak;
}
