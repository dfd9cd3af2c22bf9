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

/** The text of a node's expression. Operands are numbered in the order in which they are first read. */
function expressionTexts(): (node: Node, inputs: readonly Value[]) => string {
  const ids = new Map<Value, number>();
  return (node, inputs) => {
    const operands = inputs.map((value) => {
      const id = ids.get(value) ?? ids.size;
      ids.set(value, id);
      return id;
    });
    if (traitsOf(node).commutative) operands.sort((x, y) => x - y);
    return `${node.op} ${operands} ${attributeText(node)}`;
  };
}

function hasDuplicates({ nodes }: Graph): boolean {
  const textOf = expressionTexts();
  const texts = new Set<string>();
  return nodes.some((node) => {
    if (node.op === "Scan") return hasDuplicates(node.attributes.body);
    const text = textOf(node, node.inputs);
    if (texts.has(text)) return true;
    texts.add(text);
    return false;
  });
}

function mergeDuplicates(graph: Graph): Graph {
  if (!hasDuplicates(graph)) return graph;
  // Each builder has its own values, so that expressions of two graphs are never equal.
  const scopes = new Map<
    object,
    { readonly textOf: ReturnType<typeof expressionTexts>; readonly outputs: Map<string, readonly Value[]> }
  >();
  return rewrite(graph, (node, { b, inputs }) => {
    if (node.op === "Scan") return undefined;
    const scope = scopes.get(b) ?? { textOf: expressionTexts(), outputs: new Map() };
    scopes.set(b, scope);
    const text = scope.textOf(node, inputs);
    const outputs = scope.outputs.get(text) ?? b.copy(node, inputs);
    scope.outputs.set(text, outputs);
    return outputs;
  });
}

export const cse: Pass = {
  name: "cse",
  preserves: ["constant-fold", "cse"],
  description: "Computes equal operations once: f(x) + f(x) → y = f(x), y + y.",
  run: mergeDuplicates,
};
