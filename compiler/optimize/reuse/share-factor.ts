/**
 * Shared-factor distribution: a factor of several products moves into their operands, when the products then share
 * subexpressions. Rounding differs. Speedup of a step: 1.02 to 1.03 for 2 × 128 and 1 × 100,
 * whose backward loop has 17 operations instead of 19.
 */
import { copyGraph } from "../../graph/copy-graph.js";
import { producersOf, readersOf, splatValue } from "../../graph/def-use.js";
import type { ValueMap } from "../../graph/value-map.js";
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";
import { transformRecursively } from "../loops/rewrite-loop.js";
import type { Pass } from "../pass.js";

/** The products with one factor, and the linear operations that only they depend on. */
interface Products {
  readonly factor: Value;
  /** The other factor of each product. */
  readonly cofactors: ReadonlyMap<Node, Value>;
  readonly cone: ReadonlySet<Node>;
}

/**
 * The computation of factor * value: the factor (value is 1), a product, or the value's node with some operands scaled.
 */
type Scaling = "factor" | "product" | ScaledNode;

interface ScaledNode {
  readonly node: Node;
  readonly scaledOperands: readonly number[];
}

interface Plan {
  readonly scalings: ReadonlyMap<Value, Scaling>;
  /** Operations of the cone that are also read unscaled. */
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
    // In float16 a product of other factors could leave the range.
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

/** The scaling of each value that is multiplied by the factor. */
function scalingsOf(
  { factor, cofactors, cone }: Products,
  producers: ReadonlyMap<Value, Node>,
): ReadonlyMap<Value, Scaling> {
  const scalings = new Map<Value, Scaling>();
  const producerOf = (value: Value) => {
    const producer = producers.get(value);
    return producer !== undefined && cone.has(producer) ? producer : undefined;
  };
  const isOne = (value: Value) => splatValue(value, (operand) => producers.get(operand)) === 1;
  /** The rank of a product's operand: the factor scales the operand of the lower cost. */
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
  // Both terms of a sum are scaled, so sums come first; a product may then scale the operand that is scaled already.
  const cofactorValues = [...cofactors.values()];
  for (const value of cofactorValues) if (producerOf(value)?.op !== "Mul") scale(value);
  cofactorValues.forEach(scale);
  return scalings;
}

/** The plan, when it has fewer operations than the graph. */
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
  const scaledValues = new Map<Value, Value>();
  const scaled = (value: Value, b: Builder, map: ValueMap): Value => {
    const existing = scaledValues.get(value);
    if (existing !== undefined) return existing;
    const scaling = expectDefined(scalings.get(value), "a scaling");
    const result =
      scaling === "factor"
        ? map.get(factor)
        : scaling === "product"
          ? b.mul(map.get(factor), map.get(value))
          : at(b.copy(scaling.node, scaledOperandsOf(scaling, b, map)), 0);
    scaledValues.set(value, result);
    return result;
  };
  const scaledOperandsOf = ({ node, scaledOperands }: ScaledNode, b: Builder, map: ValueMap) =>
    node.inputs.map((input, index) => (scaledOperands.includes(index) ? scaled(input, b, map) : map.get(input)));
  return copyGraph(graph, (node, b, map) => {
    if (cone.has(node) && !kept.has(node)) return null;
    const cofactor = cofactors.get(node);
    return cofactor && [scaled(cofactor, b, map)];
  });
}

export const shareFactor: Pass = {
  name: "share-factor",
  after: ["reuse-loop-values"],
  description: "Distributes a factor over operands that products then share: x * y, x * (1 - y) → p = x * y, x - p.",
  run: (graph) => transformRecursively(graph, shareFactors),
};
