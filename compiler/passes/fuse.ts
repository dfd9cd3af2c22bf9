/** Fuse: what a loop alone reads, slice by slice, is made in the loop, where wide slices are still in the cache when they are read. */
import { bodyBuilder, graphBuilder } from "../graph/build.js";
import { sameInputs } from "../graph/counterparts.js";
import { copyNode, scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/present.js";
import type { Dim, Graph, Node, NodeOf, Tensor, Value } from "../ir/types.js";
import { elementwise } from "../ops/elementwise.js";
import { inBodies, producersOf, readersOf, rebuildScan } from "./loop-body.js";
import type { Pass, PassContext } from "./pass.js";
import { isWide } from "./width.js";

/** What an operand is to a step: a slice of it, or all of it. */
type Part = "slice" | "whole";

/** The parts of a node's operands that one step of its leading axis needs; undefined where a step cannot be made by itself. */
function partsOf(node: Node, length: Dim): readonly Part[] | undefined {
  const { shape } = at(node.outputs, 0).type;
  if (shape[0] !== length) return undefined;
  const isSliced = ({ type }: Value) => type.shape.length === shape.length && type.shape[0] === length;
  if (node.op === "Gather") {
    const [data, indices] = [at(node.inputs, 0), at(node.inputs, 1)];
    const fits = node.attributes.axis === 0 && indices.type.shape.length > 1 && data.type.shape.length > 0;
    return fits ? ["whole", "slice"] : undefined;
  }
  if (node.op === "Concat" || node.op === "Split")
    return node.attributes.axis > 0 ? node.inputs.map(() => "slice") : undefined;
  if (!(node.op in elementwise)) return undefined;
  const fits = node.inputs.every((input) => isSliced(input) || input.type.shape.length < shape.length);
  return fits ? node.inputs.map((input) => (isSliced(input) ? "slice" : "whole")) : undefined;
}

/** The node that makes one step. */
function stepOf(b: Builder, node: Node, operands: readonly Value[]): readonly Value[] {
  if (node.op === "Concat") return [b.concat(operands, node.attributes.axis - 1)];
  if (node.op === "Split") return b.split(at(operands, 0), node.attributes.sizes, node.attributes.axis - 1);
  return b.apply(node.op, operands, node.attributes as never);
}

/** For each loop of a graph, the nodes that go into it. */
function plansOf(graph: Graph, context: PassContext): ReadonlyMap<Node, ReadonlySet<Node>> {
  const readers = readersOf(graph);
  const plans = new Map<Node, Set<Node>>();
  const homes = new Map<Node, NodeOf<"Scan">>();
  /** The one loop that reads a value, in slices alone or through nodes that go into it. */
  const homeOf = (value: Value): NodeOf<"Scan"> | undefined => {
    if (graph.outputs.includes(value)) return undefined;
    const found = new Set(
      readers.get(value)?.map((reader) => {
        if (reader.op !== "Scan") return homes.get(reader);
        const { scans, states, captures } = scanOperands(reader).outer;
        return scans.includes(value) && !states.includes(value) && !captures.includes(value) ? reader : undefined;
      }),
    );
    return found.size === 1 ? [...found][0] : undefined;
  };
  for (const node of graph.nodes.toReversed()) {
    if (node.op === "Scan" || !isWide(at(node.outputs, 0).type.shape.slice(1), context)) continue;
    const [home, ...others] = new Set(node.outputs.map(homeOf));
    if (home === undefined || others.length > 0 || partsOf(node, home.attributes.length) === undefined) continue;
    homes.set(node, home);
    plans.set(home, (plans.get(home) ?? new Set()).add(node));
  }
  return plans;
}

/** A loop with some of what it reads made in it. */
function loopWith(
  b: Builder,
  node: NodeOf<"Scan">,
  moved: ReadonlyMap<Value, Node>,
  outer: (old: Value) => Value,
  constant: (old: Value) => Tensor | undefined,
): readonly Value[] {
  const { body, length } = node.attributes;
  const operands = scanOperands(node);
  // Foreign values of the new body: an outer value stands for a slice of it, and another value for the whole.
  const wholes = new Map<Value, Value>();
  const sourceOf = new Map<Value, Value>();
  const whole = (old: Value): Value => {
    const key = wholes.get(old) ?? { name: old.name, type: old.type };
    wholes.set(old, key);
    sourceOf.set(key, outer(old));
    return key;
  };
  const inner = bodyBuilder(body.name, (value) => {
    const capture = sourceOf.get(value);
    return capture === undefined ? { slice: outer(value) } : { capture };
  });
  const made = sameInputs(inner, operands.inner.states, (old) => old);
  const slice = (old: Value): Value => {
    const maker = moved.get(old);
    if (maker !== undefined && !made.has(old)) {
      const parts = partsOf(maker, length);
      const inputs = maker.inputs.map((input, index) => {
        const tensor = constant(input);
        return parts?.[index] === "slice" ? slice(input) : tensor ? inner.constant(tensor) : whole(input);
      });
      made.take(maker, stepOf(inner, maker, inputs));
    }
    return made.of(old);
  };
  operands.inner.scans.forEach((input, index) => {
    made.set(input, slice(at(operands.outer.scans, index)));
  });
  operands.inner.captures.forEach((input, index) => {
    made.set(input, whole(at(operands.outer.captures, index)));
  });
  for (const step of body.nodes) made.take(step, copyNode(inner, step, step.inputs.map(made.of)));
  const { outer: given } = operands;
  const left = given.scans.filter((old) => !moved.has(old)).map(outer);
  return rebuildScan(b, node, given.states.map(outer), left, { builder: inner, resultOf: made.of }, body.outputs);
}

function fused(graph: Graph, context: PassContext): Graph {
  const plans = plansOf(graph, context);
  if (plans.size === 0) return graph;
  const moved = new Map<Value, Node>();
  for (const node of [...plans.values()].flatMap((plan) => [...plan]))
    for (const output of node.outputs) moved.set(output, node);
  const b = graphBuilder(graph.name);
  const outer = sameInputs(b, graph.inputs);
  const producers = producersOf(graph);
  const constant = (value: Value) => {
    const maker = producers.get(value);
    return maker?.op === "Constant" ? maker.attributes.value : undefined;
  };
  for (const node of graph.nodes) {
    if (node.outputs.some((output) => moved.has(output))) continue;
    const outputs =
      node.op === "Scan" && plans.has(node)
        ? loopWith(b, node, moved, outer.of, constant)
        : copyNode(b, node, node.inputs.map(outer.of));
    outer.take(node, outputs);
  }
  return b.finish(graph.outputs.map(outer.of));
}

export const fuse: Pass = {
  name: "fuse",
  description:
    "Wide slices that a loop alone reads are made in it: Scan(x * y) → Scan(x, y), with the product in its body.",
  run: (graph, context) => inBodies(graph, (part) => fused(part, context)),
};
