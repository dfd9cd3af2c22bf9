/** Spread: a factor of several products goes to what they are made of, where they then have more in common. Equal but for rounding. */
import { graphBuilder } from "../../graph/builder.js";
import { withSameInputs } from "../../graph/value-map.js";
import { sameShape } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";
import { producersOf, readersOf, transformRecursively } from "../loops/rewrite-loop.js";
import type { Pass } from "../pass.js";

/** The products of one factor, and the operations that serve them alone. */
interface Products {
  readonly factor: Value;
  /** What the factor is multiplied by, of each product. */
  readonly cofactors: ReadonlyMap<Node, Value>;
  readonly cone: ReadonlySet<Node>;
}

/** The factor times a value: a product of the two, or an operation of which some operands take the factor on. */
type Scaling = "factor" | "product" | { readonly node: Node; readonly scaledOperands: readonly number[] };

interface Plan {
  readonly scalings: ReadonlyMap<Value, Scaling>;
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
    for (const [factor, cofactor] of [
      [x, y],
      [y, x],
    ] as const) {
      if (sameShape(factor.type.shape, shape) && sameShape(cofactor.type.shape, shape))
        groups.set(factor, (groups.get(factor) ?? new Map()).set(node, cofactor));
    }
  }
  return [...groups].flatMap(([factor, cofactors]): readonly Products[] => {
    // Half precision has not the range for other products than those that were asked for.
    if (cofactors.size < 2 || factor.type.dtype === "float16") return [];
    const cone = new Set<Node>();
    for (const node of graph.nodes.toReversed()) {
      const output = at(node.outputs, 0);
      if (!isLinear(node) || cofactors.has(node) || graph.outputs.includes(output)) continue;
      if (!sameShape(output.type.shape, factor.type.shape)) continue;
      const consumers = readers.get(output) ?? [];
      if (consumers.length > 0 && consumers.every((reader) => cofactors.get(reader) === output || cone.has(reader)))
        cone.add(node);
    }
    return cone.size > 0 ? [{ factor, cofactors, cone }] : [];
  });
}

/** How each value that has to be multiplied by the factor is made. */
function scalingsOf(
  { factor, cofactors, cone }: Products,
  producers: ReadonlyMap<Value, Node>,
): ReadonlyMap<Value, Scaling> {
  const scalings = new Map<Value, Scaling>();
  const producerOf = (value: Value) => {
    const producer = producers.get(value);
    return producer !== undefined && cone.has(producer) ? producer : undefined;
  };
  const isOne = (value: Value) => {
    const producer = producers.get(value);
    return producer?.op === "Constant" && producer.attributes.value.data.every((entry) => entry === 1);
  };
  /** Which of a product's operands takes the factor on: the one for which there is least to do. */
  const cost = (value: Value) => {
    if (scalings.has(value)) return 0;
    const producer = producerOf(value);
    if (producer !== undefined) return producer.op === "Mul" ? 1 : 2;
    return sameShape(value.type.shape, factor.type.shape) ? 3 : 4;
  };
  const scale = (value: Value): void => {
    if (scalings.has(value)) return;
    const node = producerOf(value);
    if (node === undefined) {
      scalings.set(value, isOne(value) ? "factor" : "product");
      return;
    }
    const [x, y] = [at(node.inputs, 0), at(node.inputs, 1)];
    const scaledOperands = node.op !== "Mul" ? [0, 1] : cost(x) <= cost(y) ? [0] : [1];
    scalings.set(value, { node, scaledOperands });
    for (const index of scaledOperands) scale(at(node.inputs, index));
  };
  // Terms of sums have no choice, and so go first.
  const cofactorValues = [...cofactors.values()];
  for (const value of cofactorValues) if (producerOf(value)?.op !== "Mul") scale(value);
  cofactorValues.forEach(scale);
  return scalings;
}

/** A plan that takes fewer operations than are there now, if there is one. */
function planOf(products: Products, producers: ReadonlyMap<Value, Node>): Plan | undefined {
  const { cofactors, cone } = products;
  const scalings = scalingsOf(products, producers);
  const kept = new Set<Node>();
  const keep = (value: Value): void => {
    const producer = producers.get(value);
    if (producer === undefined || !cone.has(producer) || kept.has(producer)) return;
    kept.add(producer);
    producer.inputs.forEach(keep);
  };
  let nodeCount = 0;
  for (const scaling of scalings.values()) {
    if (scaling === "factor") continue;
    nodeCount++;
    if (scaling !== "product")
      scaling.node.inputs.filter((_, index) => !scaling.scaledOperands.includes(index)).forEach(keep);
  }
  return nodeCount + kept.size < cofactors.size + cone.size ? { scalings, kept } : undefined;
}

function shareFactors(graph: Graph): Graph {
  const producers = producersOf(graph);
  for (const products of productsOf(graph)) {
    const plan = planOf(products, producers);
    if (plan !== undefined) return shareFactors(applyPlan(graph, products, plan));
  }
  return graph;
}

function applyPlan(graph: Graph, { factor, cofactors, cone }: Products, { scalings, kept }: Plan): Graph {
  const b = graphBuilder(graph.name);
  const map = withSameInputs(b, graph.inputs);
  const scaledValues = new Map<Value, Value>();
  const buildScaled = (value: Value): Value => {
    const scaling = expectDefined(scalings.get(value), "a way to scale it");
    if (scaling === "factor") return map.get(factor);
    if (scaling === "product") return b.mul(map.get(factor), map.get(value));
    const { node, scaledOperands } = scaling;
    const operands = node.inputs.map((input, index) =>
      scaledOperands.includes(index) ? times(input) : map.get(input),
    );
    return at(b.copy(node, operands), 0);
  };
  /** The factor times a value. */
  const times = (value: Value): Value => {
    const result = scaledValues.get(value) ?? buildScaled(value);
    scaledValues.set(value, result);
    return result;
  };
  for (const node of graph.nodes) {
    if (cone.has(node) && !kept.has(node)) continue;
    const cofactor = cofactors.get(node);
    map.record(node, cofactor === undefined ? b.copy(node, node.inputs.map(map.get)) : [times(cofactor)]);
  }
  return b.finish(graph.outputs.map(map.get));
}

export const shareFactor: Pass = {
  name: "share-factor",
  after: ["reuse-loop-values"],
  description:
    "Products share more where their factor goes to what they are made of: x * y, x * (1 - y) → p = x * y, x - p.",
  run: (graph) => transformRecursively(graph, shareFactors),
};
