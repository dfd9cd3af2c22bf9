/**
 * Weighted sums of windows without the windows: a sum over the entries of a window, each with its weight, is a sum of
 * products of the slices of one sequence, as of a depthwise convolution. Each step is stored once, and not once for
 * each window.
 */
import { countReaders } from "../../graph/def-use.js";
import { rewrite } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Node } from "../../ir/types.js";
import type { Pass } from "../pass.js";

/** Entries of a window up to which a product for each of them costs less than storing windows. */
const MAX_ENTRIES = 8;

/** True for a concatenation of single entries along its last axis. */
function isWindow(node: Node | undefined): boolean {
  if (node?.op !== "Concat") return false;
  const rank = at(node.outputs, 0).type.shape.length;
  const isSingle = node.inputs.every(({ type }) => type.shape.at(-1) === 1);
  return isSingle && node.attributes.axis === rank - 1 && node.inputs.length <= MAX_ENTRIES;
}

export const windowSums: Pass = {
  name: "window-sums",
  description: "Sums weighted windows by slices of their sequence: sum(concat(x, y) * k, -1) → x * k[0] + y * k[1].",
  after: ["solve-recurrences"],
  run(graph) {
    const readers = countReaders(graph);
    return rewrite(graph, (node, { b, inputs, producer }) => {
      if (node.op !== "ReduceSum" || readers.get(at(node.inputs, 0)) !== 1) return undefined;
      const { axes, keep } = node.attributes;
      const product = producer(at(inputs, 0));
      if (product?.op !== "Mul" || axes.length !== 1) return undefined;
      const [first, second] = [at(product.inputs, 0), at(product.inputs, 1)];
      const [window, weights] = isWindow(producer(first)) ? [first, second] : [second, first];
      const concat = producer(window);
      const { shape } = window.type;
      const last = shape.length - 1;
      const axis = weights.type.shape.length - 1;
      if (concat === undefined || !isWindow(concat) || axes[0] !== last) return undefined;
      if (weights.type.shape.length > shape.length || weights.type.shape.at(-1) !== shape.at(-1)) return undefined;
      const terms = concat.inputs.map((entry, index) => b.mul(entry, b.slice(weights, axis, index, index + 1)));
      const sum = terms.reduce((x, y) => b.add(x, y));
      return [keep ? sum : b.squeeze(sum, [last])];
    });
  },
};
