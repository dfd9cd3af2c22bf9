/**
 * Producer–consumer loop fusion: an elementwise node that only one loop reads, slice by slice, moves into the loop,
 * where a wide slice is still in the cache when it is read. Speedup of a step: 1.08 for 2 × 128, 1.06 for
 * 1 × 100, 1.03 for 3 × 512 (LSTM layers × width).
 */
import { bodyBuilder } from "../../graph/builder.js";
import { copyGraph } from "../../graph/copy-graph.js";
import { constantOf, type ProducerOf, producersOf, readersOf } from "../../graph/def-use.js";
import { scanOperands } from "../../graph/rewrite.js";
import { withSameInputs } from "../../graph/value-map.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Dim, Graph, Node, Value } from "../../ir/types.js";
import { traitsOf } from "../../ops/index.js";
import type { Pass, PassContext } from "../pass.js";
import { isWide } from "../target/index.js";
import { applyLoop, type Loop, transformRecursively } from "./rewrite-loop.js";

/** The part of an operand that one time step reads: a slice, or the whole. */
type Slicing = "slice" | "whole";

/**
 * The operand parts that one slice of a node's output depends on; undefined when the node cannot be computed by slices.
 */
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

/** The outputs of the node for one slice. */
function sliceNode(b: Builder, node: Node, operands: readonly Value[]): readonly Value[] {
  if (node.op === "Concat") return [b.concat(operands, node.attributes.axis - 1)];
  if (node.op === "Split") return b.split(at(operands, 0), node.attributes.sizes, node.attributes.axis - 1);
  return b.copy(node, operands);
}

/** The nodes that move into each loop of a graph. */
function plansOf(graph: Graph, context: PassContext): ReadonlyMap<Node, ReadonlySet<Node>> {
  const readers = readersOf(graph);
  const plans = new Map<Node, Set<Node>>();
  const consumerLoops = new Map<Node, Loop>();
  /** The only loop that reads a value, as a scanned input or through nodes that move into it. */
  const consumerLoop = (value: Value): Loop | undefined => {
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
    if (
      loop === undefined ||
      others.length > 0 ||
      loop.attributes.solved ||
      slicingOf(node, loop.attributes.length) === undefined
    )
      continue;
    consumerLoops.set(node, loop);
    plans.set(loop, (plans.get(loop) ?? new Set()).add(node));
  }
  return plans;
}

/** The loop with the producers of some scanned inputs in its body. */
function moveIntoLoop(
  b: Builder,
  loop: Loop,
  moved: ReadonlyMap<Value, Node>,
  outer: (old: Value) => Value,
  producerOf: ProducerOf,
): readonly Value[] {
  const { body, length } = loop.attributes;
  const operands = scanOperands(loop);
  // Foreign values of the new body: an outer value represents its slice, a key of `outerValues` the whole outer value.
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
        const tensor = constantOf(input, producerOf);
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
  return applyLoop(b, loop, outerOperands.states.map(outer), remainingScans, inner, body.outputs.map(map.get));
}

function fuseLoops(graph: Graph, context: PassContext): Graph {
  const plans = plansOf(graph, context);
  if (plans.size === 0) return graph;
  const moved = new Map<Value, Node>();
  for (const node of [...plans.values()].flatMap((plan) => [...plan]))
    for (const output of node.outputs) moved.set(output, node);
  const producers = producersOf(graph);
  const producerOf = (value: Value) => producers.get(value);
  return copyGraph(graph, (node, b, map) => {
    if (node.outputs.some((output) => moved.has(output))) return null;
    return node.op === "Scan" && plans.has(node) ? moveIntoLoop(b, node, moved, map.get, producerOf) : undefined;
  });
}

export const fuseIntoLoop: Pass = {
  name: "fuse-into-loop",
  description:
    "Moves elementwise producers of wide slices into the loop: Scan(x * y) → Scan(x, y) with x_t * y_t inside.",
  after: ["reuse-loop-values"],
  run: (graph, context) => transformRecursively(graph, (subgraph) => fuseLoops(subgraph, context)),
};
