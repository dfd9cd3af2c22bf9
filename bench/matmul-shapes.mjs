/** The products of matrices that a step needs, as the compiler leaves them: what MatMul alone would have to do. */
import { evaluateDim } from "../dist/compiler/ir/dims.js";

/** Rows, inner size, columns and number of each product of a graph, loops' steps counted one by one. Sums by way of ones are none. */
export function productsOf(graph, sizes) {
  const known = new Map(Object.entries(sizes));
  const size = (dim) => evaluateDim(dim, known) ?? 1;
  const found = new Map();
  const visit = ({ nodes }, times) => {
    const ones = new Set(nodes.filter(({ op }) => op === "Expand").flatMap(({ outputs }) => outputs));
    for (const node of nodes) {
      if (node.op === "Scan") visit(node.attributes.body, times * size(node.attributes.length));
      if (node.op !== "MatMul" && node.op !== "Gemm") continue;
      if (ones.has(node.inputs[0])) continue;
      const { shape } = node.outputs[0].type;
      const left = node.inputs[0].type.shape;
      const inner = size(node.attributes.transA ? left[0] : left.at(-1));
      const rows = shape.slice(0, -1).reduce((product, dim) => product * size(dim), 1);
      const key = [rows, inner, size(shape.at(-1))].join();
      found.set(key, (found.get(key) ?? 0) + times);
    }
  };
  visit(graph, 1);
  return [...found].map(([key, times]) => ({ shape: key.split(",").map(Number), times }));
}
