/** Spread: a factor of several products goes to what they are made of, where they then have more in common. Equal but for rounding. */
import { graphBuilder } from "../graph/build.js";
import { sameInputs } from "../graph/counterparts.js";
import { copyNode } from "../graph/rewrite.js";
import { sameShape } from "../ir/dims.js";
import { at, present } from "../ir/present.js";
import type { Graph, Node, Value } from "../ir/types.js";
import { inBodies, producersOf, readersOf } from "./loop-body.js";
import type { Pass } from "./pass.js";

/** The products of one factor, and the operations that serve them alone. */
interface Products {
  readonly factor: Value;
  /** What the factor is multiplied by, of each product. */
  readonly others: ReadonlyMap<Node, Value>;
  readonly cone: ReadonlySet<Node>;
}

/** The factor times a value: a product of the two, or an operation of which some operands take the factor on. */
type Scaled = "factor" | "product" | { readonly node: Node; readonly takes: readonly number[] };

interface Plan {
  readonly scaled: ReadonlyMap<Value, Scaled>;
  /** What is left of the operations, being read as they are. */
  readonly kept: ReadonlySet<Node>;
}

const isLinear = ({ op }: Node) => op === "Add" || op === "Sub" || op === "Mul";

function productsOf(graph: Graph): readonly Products[] {
  const readers = readersOf(graph);
  const groups = new Map<Value, Map<Node, Value>>();
  for (const node of graph.nodes) {
    const [x, y] = node.inputs;
    if (node.op !== "Mul" || x === undefined || y === undefined || x === y) continue;
    const { shape } = at(node.outputs, 0).type;
    for (const [factor, other] of [
      [x, y],
      [y, x],
    ] as const) {
      if (sameShape(factor.type.shape, shape) && sameShape(other.type.shape, shape))
        groups.set(factor, (groups.get(factor) ?? new Map()).set(node, other));
    }
  }
  return [...groups].flatMap(([factor, others]): readonly Products[] => {
    // Half precision has not the range for other products than those that were asked for.
    if (others.size < 2 || factor.type.dtype === "float16") return [];
    const cone = new Set<Node>();
    for (const node of graph.nodes.toReversed()) {
      const output = at(node.outputs, 0);
      if (!isLinear(node) || others.has(node) || graph.outputs.includes(output)) continue;
      if (!sameShape(output.type.shape, factor.type.shape)) continue;
      const reads = readers.get(output) ?? [];
      if (reads.length > 0 && reads.every((reader) => others.get(reader) === output || cone.has(reader)))
        cone.add(node);
    }
    return cone.size > 0 ? [{ factor, others, cone }] : [];
  });
}

/** How each value that has to be multiplied by the factor is made. */
function scaledOf({ factor, others, cone }: Products, producers: ReadonlyMap<Value, Node>): ReadonlyMap<Value, Scaled> {
  const scaled = new Map<Value, Scaled>();
  const makerOf = (value: Value) => {
    const maker = producers.get(value);
    return maker !== undefined && cone.has(maker) ? maker : undefined;
  };
  const isOne = (value: Value) => {
    const maker = producers.get(value);
    return maker?.op === "Constant" && maker.attributes.value.data.every((entry) => entry === 1);
  };
  /** Which of a product's operands takes the factor on: the one for which there is least to do. */
  const rank = (value: Value) => {
    if (scaled.has(value)) return 0;
    const maker = makerOf(value);
    if (maker !== undefined) return maker.op === "Mul" ? 1 : 2;
    return sameShape(value.type.shape, factor.type.shape) ? 3 : 4;
  };
  const scale = (value: Value): void => {
    if (scaled.has(value)) return;
    const node = makerOf(value);
    if (node === undefined) {
      scaled.set(value, isOne(value) ? "factor" : "product");
      return;
    }
    const [x, y] = [at(node.inputs, 0), at(node.inputs, 1)];
    const takes = node.op !== "Mul" ? [0, 1] : rank(x) <= rank(y) ? [0] : [1];
    scaled.set(value, { node, takes });
    for (const index of takes) scale(at(node.inputs, index));
  };
  // Terms of sums have no choice, and so go first.
  const wanted = [...others.values()];
  for (const value of wanted) if (makerOf(value)?.op !== "Mul") scale(value);
  wanted.forEach(scale);
  return scaled;
}

/** A plan that takes fewer operations than are there now, if there is one. */
function planOf(products: Products, producers: ReadonlyMap<Value, Node>): Plan | undefined {
  const { others, cone } = products;
  const scaled = scaledOf(products, producers);
  const kept = new Set<Node>();
  const keep = (value: Value): void => {
    const maker = producers.get(value);
    if (maker === undefined || !cone.has(maker) || kept.has(maker)) return;
    kept.add(maker);
    maker.inputs.forEach(keep);
  };
  let made = 0;
  for (const how of scaled.values()) {
    if (how === "factor") continue;
    made++;
    if (how !== "product") how.node.inputs.filter((_, index) => !how.takes.includes(index)).forEach(keep);
  }
  return made + kept.size < others.size + cone.size ? { scaled, kept } : undefined;
}

function spreadFactors(graph: Graph): Graph {
  const producers = producersOf(graph);
  for (const products of productsOf(graph)) {
    const plan = planOf(products, producers);
    if (plan !== undefined) return spreadFactors(withPlan(graph, products, plan));
  }
  return graph;
}

function withPlan(graph: Graph, { factor, others, cone }: Products, { scaled, kept }: Plan): Graph {
  const b = graphBuilder(graph.name);
  const here = sameInputs(b, graph.inputs);
  const made = new Map<Value, Value>();
  const make = (value: Value): Value => {
    const how = present(scaled.get(value), "a way to scale it");
    if (how === "factor") return here.of(factor);
    if (how === "product") return b.mul(here.of(factor), here.of(value));
    const { node, takes } = how;
    const operands = node.inputs.map((input, index) => (takes.includes(index) ? times(input) : here.of(input)));
    return at(copyNode(b, node, operands), 0);
  };
  /** The factor times a value. */
  const times = (value: Value): Value => {
    const result = made.get(value) ?? make(value);
    made.set(value, result);
    return result;
  };
  for (const node of graph.nodes) {
    if (cone.has(node) && !kept.has(node)) continue;
    const other = others.get(node);
    here.take(node, other === undefined ? copyNode(b, node, node.inputs.map(here.of)) : [times(other)]);
  }
  return b.finish(graph.outputs.map(here.of));
}

export const spread: Pass = {
  name: "spread",
  description:
    "Products share more where their factor goes to what they are made of: x * y, x * (1 - y) → p = x * y, x - p.",
  run: (graph) => inBodies(graph, spreadFactors),
};
