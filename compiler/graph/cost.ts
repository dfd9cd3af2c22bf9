/** The cost of running a graph: floating-point operations, and the peak of live bytes. */

import { elementCount, evaluateDim } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import { elementBytes } from "../ir/tensor.js";
import type { Dim, Graph, Node, Value } from "../ir/types.js";
import { traitsOf } from "../ops/index.js";

/** The size of each symbol; a missing one counts as 1. */
export type Sizes = ReadonlyMap<string, number>;

function dimSize(dim: Dim, sizes: Sizes): number {
  return evaluateDim(dim, sizes) ?? 1;
}

function nodeFlops(node: Node, sizes: Sizes): number {
  const entries = (value: Value) => dimSize(elementCount(value.type.shape), sizes);
  const [result, x] = [at(node.outputs, 0), node.inputs[0]];
  switch (traitsOf(node).flops) {
    case "none":
      return 0;
    case "per-entry":
      return Math.max(entries(result), entries(expectDefined(x, "the operand")));
    case "product": {
      const { shape } = expectDefined(x, "the left factor").type;
      const isTransposed = node.op === "Gemm" && node.attributes.transA;
      return 2 * entries(result) * dimSize(at(shape, isTransposed ? 0 : shape.length - 1), sizes);
    }
    case "attention": {
      const [batch = 1, heads = 1, steps = 1, size = 1] = expectDefined(x, "the queries").type.shape;
      const [memorySteps = 1, width = 1] = at(node.inputs, 2).type.shape.slice(2);
      const scores = [batch, heads, steps, memorySteps].reduce<number>(
        (product, dim) => product * dimSize(dim, sizes),
        1,
      );
      return 2 * scores * (dimSize(size, sizes) + dimSize(width, sizes));
    }
    case "recurrent": {
      const [time = 1, batch = 1] = expectDefined(x, "the sequence").type.shape;
      const weights = entries(at(node.inputs, 1)) + entries(at(node.inputs, 2));
      return 2 * dimSize(time, sizes) * dimSize(batch, sizes) * weights;
    }
    case "loop":
      return node.op === "Scan" ? dimSize(node.attributes.length, sizes) * flops(node.attributes.body, sizes) : 0;
  }
}

/** Floating-point operations of one run: two per multiply-add, one per entry of other arithmetic, none for movement. */
export function flops({ nodes }: Pick<Graph, "nodes">, sizes: Sizes): number {
  return nodes.reduce((total, node) => total + nodeFlops(node, sizes), 0);
}

export function bytesOf({ type }: Value, sizes: Sizes): number {
  return dimSize(elementCount(type.shape), sizes) * elementBytes[type.dtype];
}

/**
 * The largest sum of bytes of live values: outputs of nodes, from their node to their last reader. Inputs do not count.
 */
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
