/**
 * Scales and offsets of features, which are weights, folded into the affine map before or after them: those of a
 * batch_norm layer, and gains and shifts of other layers.
 *
 *   (x @ W) · s      →  x @ (W · s)
 *   (y + b) · s      →  y · s + b · s       where y is a product with a weight
 *   (y + b) + t      →  y + (b + t)
 *   (x · s) @ W      →  x @ (sᵀ · W)
 *   (x · s + t) @ W  →  x @ (sᵀ · W) + t @ W
 *
 * The right sides have products of weights alone, which `foldWeights` computes.
 */
import { type RewriteSite, rewrite } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Graph, Node, Value } from "../ir/types.js";

/** @param isWeight true for inputs of the graph that are weights. */
export function foldScales(graph: Graph, isWeight: (index: number) => boolean): Graph {
  const oldWeights = new Set(graph.inputs.filter((_, index) => isWeight(index)));
  const readers = readerCounts(graph);
  /** Weights of the new graph, and its values that one node of the old graph reads. */
  const [weights, readOnce] = [new Set<Value>(), new Set<Value>()];
  const isStatic = (value: Value, producer: RewriteSite["producer"]): boolean => {
    const node = producer(value);
    if (node === undefined) return weights.has(value);
    if (node.op === "Constant") return true;
    return node.op !== "Scan" && node.inputs.length > 0 && node.inputs.every((input) => isStatic(input, producer));
  };
  return rewrite(graph, (node, site) => {
    for (const [index, input] of node.inputs.entries()) {
      if (oldWeights.has(input)) weights.add(at(site.inputs, index));
      if (readers.get(input) === 1) readOnce.add(at(site.inputs, index));
    }
    return replacement(node, site, {
      isStatic: (value) => isStatic(value, site.producer),
      soleProducer: (value) => (readOnce.has(value) ? site.producer(value) : undefined),
    });
  });
}

interface Facts {
  /** True for a value that depends on weights alone. */
  readonly isStatic: (value: Value) => boolean;
  /** The node that computes a value which nothing else reads. */
  readonly soleProducer: (value: Value) => Node | undefined;
}

function replacement(node: Node, { b, inputs }: RewriteSite, facts: Facts): readonly Value[] | undefined {
  if (node.op !== "Mul" && node.op !== "Add" && node.op !== "MatMul") return undefined;
  const operands = node.op === "MatMul" ? dynamicAndStatic(inputs, facts) : dynamicAndFeatures(inputs, facts);
  if (operands === undefined) return undefined;
  const [x, w] = operands;
  const source = facts.soleProducer(x);
  if (source === undefined) return undefined;
  if (node.op === "MatMul") return afterScale(b, source, w, facts);
  const inner = dynamicAndFeatures(source.inputs, facts);
  if (node.op === "Add")
    return source.op === "Add" && inner !== undefined ? [b.add(inner[0], b.add(inner[1], w))] : undefined;
  if (source.op === "MatMul") return scaledProduct(b, source, w, facts);
  const product = source.op === "Add" && inner !== undefined ? facts.soleProducer(inner[0]) : undefined;
  const scaled = product?.op === "MatMul" ? scaledProduct(b, product, w, facts) : undefined;
  return scaled && inner && [b.add(at(scaled, 0), b.mul(inner[1], w))];
}

/** x @ (W · s) for a product x @ W with a weight. */
function scaledProduct(b: Builder, { inputs }: Node, scale: Value, facts: Facts): readonly Value[] | undefined {
  const operands = dynamicAndStatic(inputs, facts);
  return operands && [b.matmul(operands[0], folded(b, operands[1], scale))];
}

/** The product of a weight with the values of a node that scales features, and perhaps shifts them. */
function afterScale(b: Builder, source: Node, kernel: Value, facts: Facts): readonly Value[] | undefined {
  const operands = dynamicAndFeatures(source.inputs, facts);
  if (operands === undefined) return undefined;
  const [x, vector] = operands;
  const size = at(kernel.type.shape, 0);
  if (source.op === "Mul") return [b.matmul(x, folded(b, kernel, b.reshape(vector, [size, 1])))];
  const scaling = source.op === "Add" ? facts.soleProducer(x) : undefined;
  const product = scaling?.op === "Mul" ? afterScale(b, scaling, kernel, facts) : undefined;
  const offset = b.matmul(b.reshape(vector, [1, size]), kernel);
  return product && [b.add(at(product, 0), b.reshape(offset, [at(kernel.type.shape, 1)]))];
}

function folded(b: Builder, kernel: Value, scale: Value): Value {
  return b.withName(b.mul(kernel, scale), `${kernel.name ?? "weights"}/folded`);
}

/** A value that depends on data, and a matrix that does not, of a product. */
function dynamicAndStatic([x, w]: readonly Value[], { isStatic }: Facts): readonly [Value, Value] | undefined {
  if (x === undefined || w === undefined) return undefined;
  return w.type.shape.length === 2 && isStatic(w) && !isStatic(x) ? [x, w] : undefined;
}

/** A value that depends on data, and a vector of one number for each of its features, which does not. */
function dynamicAndFeatures([x, y]: readonly Value[], { isStatic }: Facts): readonly [Value, Value] | undefined {
  if (x === undefined || y === undefined) return undefined;
  const isVectorOf = (vector: Value, { type }: Value) =>
    vector.type.shape.length === 1 && type.shape.length > 1 && vector.type.shape[0] === type.shape.at(-1);
  if (isVectorOf(y, x) && isStatic(y) && !isStatic(x)) return [x, y];
  return isVectorOf(x, y) && isStatic(x) && !isStatic(y) ? [y, x] : undefined;
}

/** The number of nodes and outputs that read each value. */
function readerCounts({ nodes, outputs }: Graph): ReadonlyMap<Value, number> {
  const counts = new Map<Value, number>();
  for (const value of [...nodes.flatMap(({ inputs }) => inputs), ...outputs])
    counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
