/** The number of nodes of a model with its functions inlined: a small file can hold exponentially many. */
import { functionKey, type GraphProto, type ModelProgram, type NodeProto } from "../onnx/read/program.js";

/** Functions that call each other in a cycle count once: the walk refuses the call. */
export function expandedSize({ graph, functions }: ModelProgram): number {
  const sizes = new Map<string, number>();
  const sizeOf = (key: string): number => {
    const known = sizes.get(key);
    if (known !== undefined) return known;
    // A call within itself counts as one node.
    sizes.set(key, 1);
    const size = sum(functions.get(key)?.nodes ?? []);
    sizes.set(key, size);
    return size;
  };
  const sum = (nodes: readonly NodeProto[]): number => nodes.reduce((total, node) => total + nodeSize(node), 0);
  const nodeSize = (node: NodeProto): number => {
    const bodies = [...node.attributes.values()].flatMap(({ graph: body }) => (body === undefined ? [] : [body]));
    const inner = bodies.reduce((total, body: GraphProto) => total + sum(body.nodes), 0);
    return 1 + inner + (functions.has(functionKey(node)) ? sizeOf(functionKey(node)) : 0);
  };
  return sum(graph.nodes);
}
