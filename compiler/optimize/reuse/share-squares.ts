/**
 * Squares of scaled values: where x² exists, as in the norm by which gradients are clipped, (x * s)² is x² times a
 * scalar, which joins the next one. Rounding differs.
 */
import { producersOf } from "../../graph/def-use.js";
import { rewrite } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";
import { transformRecursively } from "../loops/rewrite-loop.js";
import type { Pass } from "../pass.js";

/** The x of a node x * x. */
function squareRoot(node: Node | undefined): Value | undefined {
  return node?.op === "Mul" && node.inputs[0] === node.inputs[1] ? node.inputs[0] : undefined;
}

/** The x and s of x * s, for a scalar s. */
function scaling(node: Node | undefined): readonly [Value, Value] | undefined {
  const [x, y] = node?.op === "Mul" ? node.inputs : [];
  // In float16 the square of a scalar could leave the range.
  if (x === undefined || y === undefined || x.type.dtype === "float16") return undefined;
  if (y.type.shape.length === 0) return [x, y];
  return x.type.shape.length === 0 ? [y, x] : undefined;
}

function shareSquaresOf(graph: Graph): Graph {
  const producers = producersOf(graph);
  const squared = new Set(graph.nodes.map(squareRoot));
  const matches = new Set(
    graph.nodes.filter((node) => {
      const root = squareRoot(node);
      const scaled = root && scaling(producers.get(root));
      return scaled !== undefined && squared.has(scaled[0]);
    }),
  );
  if (matches.size === 0) return graph;
  return rewrite(graph, (node, { b, inputs, producer }) => {
    const scaled = matches.has(node) ? scaling(producer(at(inputs, 0))) : undefined;
    if (scaled === undefined) return undefined;
    const [x, scale] = scaled;
    return [b.mul(b.mul(x, x), b.mul(scale, scale))];
  });
}

export const shareSquares: Pass = {
  name: "share-squares",
  description: "Computes the square of a scaled value from an existing square: (x * s)² → x² * s², for a scalar s.",
  run: (graph) => transformRecursively(graph, shareSquaresOf),
};
