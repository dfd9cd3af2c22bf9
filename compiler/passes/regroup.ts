/**
 * Regroup: in a loop's body, chains of sums and of products are put in another order, so that their state-free terms meet
 * first and hoist can take them out together. Equal but for rounding.
 */

import { graphBuilder } from "../graph/build.js";
import { copyNode, rewrite } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import type { Graph, Node, NodeOf, Value } from "../ir/types.js";
import { at } from "../ops/rule.js";
import { countReaders, stateFree } from "./loop-body.js";
import type { Pass } from "./pass.js";

type Chain = "Add" | "Mul";

/** The operands of a whole chain of one operation, read from the left. */
function leavesOf(node: Node, links: ReadonlyMap<Value, Node>): readonly Value[] {
  return node.inputs.flatMap((input) => {
    const link = links.get(input);
    return link?.op === node.op ? leavesOf(link, links) : [input];
  });
}

function regroupBody(node: NodeOf<"Scan">): Graph | undefined {
  const { body } = node.attributes;
  const free = stateFree(node);
  const readers = countReaders(body);
  // Inner links of chains: read once, by the same operation.
  const links = new Map<Value, Node>();
  for (const step of body.nodes) {
    const output = at(step.outputs, 0);
    if ((step.op === "Add" || step.op === "Mul") && readers.get(output) === 1) links.set(output, step);
  }
  const inner = new Set<Node>();
  for (const step of body.nodes) {
    for (const input of step.inputs) {
      const link = links.get(input);
      if (link !== undefined && link.op === step.op) inner.add(link);
    }
  }

  const b = graphBuilder(body.name);
  const map = new Map<Value, Value>(body.inputs.map((input) => [input, b.input(input.name ?? "", input.type)]));
  const here = (value: Value): Value => {
    const found = map.get(value);
    if (found === undefined) throw new Error(`${value.name ?? "a value"} is read before it is made`);
    return found;
  };
  let changed = false;
  for (const step of body.nodes) {
    if (inner.has(step)) continue;
    const regrouped =
      step.op === "Add" || step.op === "Mul" ? regroupChain(b, step.op, leavesOf(step, links), free, here) : undefined;
    changed ||= regrouped !== undefined;
    const outputs = regrouped === undefined ? copyChain(b, step, links, here) : [regrouped];
    step.outputs.forEach((output, index) => {
      const made = at(outputs, index);
      if (output.name !== undefined) b.named(made, output.name);
      map.set(output, made);
    });
  }
  return changed ? b.finish(body.outputs.map(here)) : undefined;
}

/** The state-free operands combined, then the others, or undefined when there is nothing to gain. */
function regroupChain(
  b: Builder,
  op: Chain,
  leaves: readonly Value[],
  free: ReadonlySet<Value>,
  here: (value: Value) => Value,
): Value | undefined {
  const stateFreeLeaves = leaves.filter((leaf) => free.has(leaf));
  const others = leaves.filter((leaf) => !free.has(leaf));
  if (stateFreeLeaves.length < 2 || others.length === 0) return undefined;
  const combine = (values: readonly Value[]) => values.reduce((x, y) => (op === "Add" ? b.add(x, y) : b.mul(x, y)));
  const grouped = combine(stateFreeLeaves.map(here));
  return combine([...others.map(here), grouped]);
}

/** The node again, with the links of its chain, which were passed over. */
function copyChain(
  b: Builder,
  node: Node,
  links: ReadonlyMap<Value, Node>,
  here: (value: Value) => Value,
): readonly Value[] {
  const operands = node.inputs.map((input) => {
    const link = links.get(input);
    return link !== undefined && link.op === node.op ? at(copyChain(b, link, links, here), 0) : here(input);
  });
  return copyNode(b, node, operands);
}

export const regroup: Pass = {
  name: "regroup",
  description: "Sums and products in loops are ordered so that state-free terms meet: (x + h) + b → h + (x + b).",
  run: (graph) =>
    rewrite(graph, (node, { b, inputs }) => {
      if (node.op !== "Scan") return undefined;
      const body = regroupBody(node);
      return body && b.apply("Scan", inputs, { ...node.attributes, body });
    }),
};
