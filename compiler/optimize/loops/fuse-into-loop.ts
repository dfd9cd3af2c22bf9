/** Fuse: what a loop alone reads, slice by slice, is made in the loop, where wide slices are still in the cache when they are read. */
import { bodyBuilder, graphBuilder } from "../../graph/builder.js";
import { scanOperands } from "../../graph/rewrite.js";
import { withSameInputs } from "../../graph/value-map.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Dim, Graph, Node, NodeOf, Tensor, Value } from "../../ir/types.js";
import { traitsOf } from "../../ops/index.js";
import type { Pass, PassContext } from "../pass.js";
import { isWide } from "../target/index.js";
import { producersOf, readersOf, rebuildScan, transformRecursively } from "./rewrite-loop.js";

/** What an operand is to a step: a slice of it, or all of it. */
type Slicing = "slice" | "whole";

/** The parts of a node's operands that one step of its leading axis needs; undefined where a step cannot be made by itself. */
function slicingOf(node: Node, length: Dim): readonly Slicing[] | undefined {
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
  if (traitsOf(node).family !== "elementwise") return undefined;
  const fits = node.inputs.every((input) => isSliced(input) || input.type.shape.length < shape.length);
  return fits ? node.inputs.map((input) => (isSliced(input) ? "slice" : "whole")) : undefined;
}

/** The node that makes one step. */
function sliceNode(b: Builder, node: Node, operands: readonly Value[]): readonly Value[] {
  if (node.op === "Concat") return [b.concat(operands, node.attributes.axis - 1)];
  if (node.op === "Split") return b.split(at(operands, 0), node.attributes.sizes, node.attributes.axis - 1);
  return b.copy(node, operands);
}

/** For each loop of a graph, the nodes that go into it. */
function plansOf(graph: Graph, context: PassContext): ReadonlyMap<Node, ReadonlySet<Node>> {
  const readers = readersOf(graph);
  const plans = new Map<Node, Set<Node>>();
  const consumerLoops = new Map<Node, NodeOf<"Scan">>();
  /** The one loop that reads a value, in slices alone or through nodes that go into it. */
  const consumerLoop = (value: Value): NodeOf<"Scan"> | undefined => {
    if (graph.outputs.includes(value)) return undefined;
    const loops = new Set(
      readers.get(value)?.map((reader) => {
        if (reader.op !== "Scan") return consumerLoops.get(reader);
        const { scans, states, captures } = scanOperands(reader).outer;
        return scans.includes(value) && !states.includes(value) && !captures.includes(value) ? reader : undefined;
      }),
    );
    return loops.size === 1 ? [...loops][0] : undefined;
  };
  for (const node of graph.nodes.toReversed()) {
    if (node.op === "Scan" || !isWide(at(node.outputs, 0).type.shape.slice(1), context)) continue;
    const [loop, ...others] = new Set(node.outputs.map(consumerLoop));
    if (loop === undefined || others.length > 0 || slicingOf(node, loop.attributes.length) === undefined) continue;
    consumerLoops.set(node, loop);
    plans.set(loop, (plans.get(loop) ?? new Set()).add(node));
  }
  return plans;
}

/** A loop with some of what it reads made in it. */
function moveIntoLoop(
  b: Builder,
  loop: NodeOf<"Scan">,
  moved: ReadonlyMap<Value, Node>,
  outer: (old: Value) => Value,
  constant: (old: Value) => Tensor | undefined,
): readonly Value[] {
  const { body, length } = loop.attributes;
  const operands = scanOperands(loop);
  // Foreign values of the new body: an outer value stands for a slice of it, and another value for the whole.
  const captureKeys = new Map<Value, Value>();
  const outerValues = new Map<Value, Value>();
  const captureOf = (old: Value): Value => {
    const key = captureKeys.get(old) ?? { name: old.name, type: old.type };
    captureKeys.set(old, key);
    outerValues.set(key, outer(old));
    return key;
  };
  const inner = bodyBuilder(body.name, (value) => {
    const capture = outerValues.get(value);
    return capture === undefined ? { slice: outer(value) } : { capture };
  });
  const map = withSameInputs(inner, operands.inner.states, (old) => old);
  const slice = (old: Value): Value => {
    const producer = moved.get(old);
    if (producer !== undefined && !map.has(old)) {
      const slicing = slicingOf(producer, length);
      const inputs = producer.inputs.map((input, index) => {
        const tensor = constant(input);
        return slicing?.[index] === "slice" ? slice(input) : tensor ? inner.constant(tensor) : captureOf(input);
      });
      map.record(producer, sliceNode(inner, producer, inputs));
    }
    return map.get(old);
  };
  operands.inner.scans.forEach((input, index) => {
    map.set(input, slice(at(operands.outer.scans, index)));
  });
  operands.inner.captures.forEach((input, index) => {
    map.set(input, captureOf(at(operands.outer.captures, index)));
  });
  for (const node of body.nodes) map.record(node, inner.copy(node, node.inputs.map(map.get)));
  const { outer: outerOperands } = operands;
  const remainingScans = outerOperands.scans.filter((old) => !moved.has(old)).map(outer);
  return rebuildScan(
    b,
    loop,
    outerOperands.states.map(outer),
    remainingScans,
    { builder: inner, lookup: map.get },
    body.outputs,
  );
}

function fuseLoops(graph: Graph, context: PassContext): Graph {
  const plans = plansOf(graph, context);
  if (plans.size === 0) return graph;
  const moved = new Map<Value, Node>();
  for (const node of [...plans.values()].flatMap((plan) => [...plan]))
    for (const output of node.outputs) moved.set(output, node);
  const b = graphBuilder(graph.name);
  const map = withSameInputs(b, graph.inputs);
  const producers = producersOf(graph);
  const constant = (value: Value) => {
    const producer = producers.get(value);
    return producer?.op === "Constant" ? producer.attributes.value : undefined;
  };
  for (const node of graph.nodes) {
    if (node.outputs.some((output) => moved.has(output))) continue;
    const outputs =
      node.op === "Scan" && plans.has(node)
        ? moveIntoLoop(b, node, moved, map.get, constant)
        : b.copy(node, node.inputs.map(map.get));
    map.record(node, outputs);
  }
  return b.finish(graph.outputs.map(map.get));
}

export const fuseIntoLoop: Pass = {
  name: "fuse-into-loop",
  description:
    "Wide slices that a loop alone reads are made in it: Scan(x * y) → Scan(x, y), with the product in its body.",
  run: (graph, context) => transformRecursively(graph, (subgraph) => fuseLoops(subgraph, context)),
};
