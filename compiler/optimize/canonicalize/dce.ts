/** Dead code: nodes whose results nobody reads, and the states, slices, captures and outputs of loops that nobody needs. */
import { scanOperands } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, NodeOf, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";

/** The graph's nodes that its outputs need, and every value that those read. */
function liveness(graph: Graph): { readonly nodes: readonly Node[]; readonly live: ReadonlySet<Value> } {
  const live = new Set(graph.outputs);
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    const pruned = node.op === "Scan" ? pruneScan(node, live) : node;
    nodes.push(pruned);
    for (const input of pruned.inputs) live.add(input);
  }
  return { nodes: nodes.reverse(), live };
}

/** A loop without what nobody reads. It keeps one scanned input at least: ONNX has no loop without. */
function pruneScan(loop: NodeOf<"Scan">, live: ReadonlySet<Value>): NodeOf<"Scan"> {
  const { body, stateCount, scanCount } = loop.attributes;
  const { inner } = scanOperands(loop);
  const isRead = loop.outputs.map((output) => live.has(output));
  const keptStates = new Set(inner.states.map((_, index) => index).filter((index) => isRead[index]));
  const keepOutput = (index: number) => (index < stateCount ? keptStates.has(index) : isRead[index] === true);
  // A state is needed when its last value is read, or when a needed part of the body reads it.
  let liveBody = liveness({ ...body, outputs: body.outputs.filter((_, index) => keepOutput(index)) });
  for (let previousSize = -1; previousSize !== keptStates.size; ) {
    previousSize = keptStates.size;
    inner.states.forEach((state, index) => {
      if (liveBody.live.has(state)) keptStates.add(index);
    });
    liveBody = liveness({ ...body, outputs: body.outputs.filter((_, index) => keepOutput(index)) });
  }
  const hasLiveScan = inner.scans.some((element) => liveBody.live.has(element));
  const keepInput = (value: Value, index: number) => {
    if (index < stateCount) return keptStates.has(index);
    return liveBody.live.has(value) || (!hasLiveScan && index === stateCount);
  };
  const inputs = body.inputs.filter(keepInput);
  const isUnchanged = inputs.length === body.inputs.length && loop.outputs.every((_, index) => keepOutput(index));
  if (isUnchanged && isSame(liveBody.nodes, body.nodes)) return loop;
  return {
    op: "Scan",
    inputs: loop.inputs.filter((_, index) => keepInput(at(body.inputs, index), index)),
    outputs: loop.outputs.filter((_, index) => keepOutput(index)),
    attributes: {
      ...loop.attributes,
      body: { ...body, inputs, nodes: liveBody.nodes, outputs: body.outputs.filter((_, index) => keepOutput(index)) },
      stateCount: keptStates.size,
      scanCount: body.inputs.filter(
        (value, index) => index >= stateCount && index < stateCount + scanCount && keepInput(value, index),
      ).length,
    },
  };
}

function isSame(nodes: readonly Node[], others: readonly Node[]): boolean {
  return nodes.length === others.length && nodes.every((node, index) => node === others[index]);
}

export const dce: Pass = {
  name: "dce",
  // The other three match producers, of which none is new; they do not count readers.
  preserves: ["constant-fold", "simplify", "cse", "dce"],
  description: "What no output depends on goes away, in loops too.",
  run: (graph) => {
    const { nodes } = liveness(graph);
    return isSame(nodes, graph.nodes) ? graph : { ...graph, nodes };
  },
};
