/** What a graph costs to run: floating-point operations, and the bytes that are alive at once. */
import { elements, sizeOf } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Dim, Graph, Node, Value } from "../ir/types.js";

/** The size of each symbol; one that is missing counts as 1. */
export type Sizes = ReadonlyMap<string, number>;

function count(dim: Dim, sizes: Sizes): number {
  return sizeOf(dim, sizes) ?? 1;
}

const free: ReadonlySet<string> = new Set([
  ...["Constant", "Range", "Size", "Identity", "Cast", "Reshape", "Expand", "Transpose", "Unsqueeze", "Squeeze"],
  ...["Concat", "Split", "Slice", "Pad", "Gather", "GatherElements", "OneHot"],
]);

function nodeFlops(node: Node, sizes: Sizes): number {
  if (node.op === "Scan") return count(node.attributes.length, sizes) * flops(node.attributes.body, sizes);
  if (free.has(node.op)) return 0;
  const result = count(elements(at(node.outputs, 0).type.shape), sizes);
  if (node.op === "MatMul" || node.op === "Gemm") {
    const { shape } = at(node.inputs, 0).type;
    const turned = node.op === "Gemm" && node.attributes.transA;
    return 2 * result * count(at(shape, turned ? 0 : shape.length - 1), sizes);
  }
  return Math.max(result, count(elements(at(node.inputs, 0).type.shape), sizes));
}

/** Floating-point operations of one run: a multiply-add is two, any other arithmetic one per entry, moving is free. */
export function flops(graph: Graph, sizes: Sizes): number {
  return graph.nodes.reduce((total, node) => total + nodeFlops(node, sizes), 0);
}

const entryBytes = { float32: 4, float16: 2, int32: 4, int64: 8, bool: 1 } as const;

export function bytesOf({ type }: Value, sizes: Sizes): number {
  return count(elements(type.shape), sizes) * entryBytes[type.dtype];
}

/** The most bytes that values made by the graph's nodes take at one time, each freed after its last reader. */
export function peakBytes(graph: Graph, sizes: Sizes): number {
  const lastReader = new Map<Value, number>();
  graph.nodes.forEach((node, index) => {
    for (const input of node.inputs) lastReader.set(input, index);
  });
  for (const output of graph.outputs) lastReader.set(output, graph.nodes.length);
  const leaving = new Map<number, Value[]>();
  let alive = 0;
  let peak = 0;
  graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      alive += bytesOf(output, sizes);
      const last = lastReader.get(output) ?? index;
      leaving.set(last, [...(leaving.get(last) ?? []), output]);
    }
    const inside = node.op === "Scan" ? peakBytes(node.attributes.body, sizes) : 0;
    peak = Math.max(peak, alive + inside);
    for (const value of leaving.get(index) ?? []) alive -= bytesOf(value, sizes);
  });
  return peak;
}
