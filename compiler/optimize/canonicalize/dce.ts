/** Dead code elimination: unread nodes, and the unread states, scanned inputs, captures and outputs of loops. */
import { scanOperands } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, NodeOf, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";

/** The nodes that the outputs of a graph depend on, and the values that they read. */
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

/** A loop without its dead states, inputs and outputs. It keeps one scanned input: ONNX requires one. */
function pruneScan(loop: NodeOf<"Scan">, live: ReadonlySet<Value>): NodeOf<"Scan"> {
  const { body, stateCount, scanCount } = loop.attributes;
  const { inner } = scanOperands(loop);
  const isRead = loop.outputs.map((output) => live.has(output));
  const keptStates = new Set(inner.states.map((_, index) => index).filter((index) => isRead[index]));
  const keepOutput = (index: number) => (index < stateCount ? keptStates.has(index) : isRead[index] === true);
  // A state is live when its last value is read, or when a live node of the body reads it.
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
  // The other three match producers, and dce adds none; they do not count readers.
  preserves: ["constant-fold", "simplify", "cse", "dce"],
  description: "Removes nodes that no output depends on, and unread states, inputs and outputs of loops.",
  run: (graph) => {
    const { nodes } = liveness(graph);
    return isSame(nodes, graph.nodes) ? graph : { ...graph, nodes };
  },
};
