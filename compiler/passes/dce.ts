/** Dead code: nodes whose results nobody reads, and the states, slices, captures and outputs of loops that nobody needs. */
import { scanOperands } from "../graph/rewrite.js";
import { at } from "../ir/present.js";
import type { Graph, Node, NodeOf, Value } from "../ir/types.js";
import type { Pass } from "./pass.js";

/** The graph's nodes that its outputs need, and every value that those read. */
function needed(graph: Graph): { readonly nodes: readonly Node[]; readonly live: ReadonlySet<Value> } {
  const live = new Set(graph.outputs);
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    const kept = node.op === "Scan" ? pruneScan(node, live) : node;
    nodes.push(kept);
    for (const input of kept.inputs) live.add(input);
  }
  return { nodes: nodes.reverse(), live };
}

/** A loop without what nobody reads. It keeps one scanned input at least: ONNX has no loop without. */
function pruneScan(node: NodeOf<"Scan">, live: ReadonlySet<Value>): NodeOf<"Scan"> {
  const { body, states, scans } = node.attributes;
  const { inner } = scanOperands(node);
  const isRead = node.outputs.map((output) => live.has(output));
  const carried = new Set(inner.states.map((_, index) => index).filter((index) => isRead[index]));
  const keepOutput = (index: number) => (index < states ? carried.has(index) : isRead[index] === true);
  // A state is needed when its last value is read, or when a needed part of the body reads it.
  let content = needed({ ...body, outputs: body.outputs.filter((_, index) => keepOutput(index)) });
  for (let before = -1; before !== carried.size; ) {
    before = carried.size;
    inner.states.forEach((state, index) => {
      if (content.live.has(state)) carried.add(index);
    });
    content = needed({ ...body, outputs: body.outputs.filter((_, index) => keepOutput(index)) });
  }
  const anySlice = inner.scans.some((slice) => content.live.has(slice));
  const keepInput = (value: Value, index: number) => {
    if (index < states) return carried.has(index);
    return content.live.has(value) || (!anySlice && index === states);
  };
  const inputs = body.inputs.filter(keepInput);
  const isWhole = inputs.length === body.inputs.length && isRead.every(Boolean);
  if (isWhole && isSame(content.nodes, body.nodes)) return node;
  return {
    op: "Scan",
    inputs: node.inputs.filter((_, index) => keepInput(at(body.inputs, index), index)),
    outputs: node.outputs.filter((_, index) => keepOutput(index)),
    attributes: {
      ...node.attributes,
      body: { ...body, inputs, nodes: content.nodes, outputs: body.outputs.filter((_, index) => keepOutput(index)) },
      states: carried.size,
      scans: body.inputs.filter((value, index) => index >= states && index < states + scans && keepInput(value, index))
        .length,
    },
  };
}

function isSame(nodes: readonly Node[], others: readonly Node[]): boolean {
  return nodes.length === others.length && nodes.every((node, index) => node === others[index]);
}

export const dce: Pass = {
  name: "dce",
  description: "What no output depends on goes away, in loops too.",
  run: (graph) => {
    const { nodes } = needed(graph);
    return isSame(nodes, graph.nodes) ? graph : { ...graph, nodes };
  },
};
