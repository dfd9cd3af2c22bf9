/** Common subexpression elimination. */

import { rewrite } from "../../graph/rewrite.js";
import type { Graph, Node, Value } from "../../ir/types.js";
import { traitsOf } from "../../ops/index.js";
import type { Pass } from "../pass.js";

/** Nodes with equal operators, attribute texts and operands are equal. 0 and -0 differ, as 1 / 0 and 1 / -0 do. */
function attributeText(node: Node): string {
  if (node.op !== "Constant") return JSON.stringify(node.attributes);
  const { dtype, shape, data } = node.attributes.value;
  return `${dtype} [${shape}] ${Array.from(data, (entry) => (Object.is(entry, -0) ? "-0" : entry))}`;
}

function mergeDuplicates(graph: Graph): Graph {
  // Values are numbered per builder, so that expressions of two graphs are never equal.
  const scopes = new Map<
    object,
    { readonly ids: Map<Value, number>; readonly outputs: Map<string, readonly Value[]> }
  >();
  let changed = false;
  const result = rewrite(graph, (node, { b, inputs }) => {
    if (node.op === "Scan") return undefined;
    const scope = scopes.get(b) ?? { ids: new Map(), outputs: new Map() };
    scopes.set(b, scope);
    const ids = inputs.map((value) => {
      const id = scope.ids.get(value) ?? scope.ids.size;
      scope.ids.set(value, id);
      return id;
    });
    if (traitsOf(node).commutative) ids.sort((x, y) => x - y);
    const key = `${node.op} ${ids} ${attributeText(node)}`;
    const existing = scope.outputs.get(key);
    if (existing !== undefined) {
      changed = true;
      return existing;
    }
    const outputs = b.copy(node, inputs);
    scope.outputs.set(key, outputs);
    return outputs;
  });
  return changed ? result : graph;
}

export const cse: Pass = {
  name: "cse",
  preserves: ["constant-fold", "cse"],
  description: "Computes equal operations once: f(x) + f(x) → y = f(x), y + y.",
  run: mergeDuplicates,
};
