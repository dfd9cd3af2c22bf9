/** Time folded into the contraction: a sum over time of products becomes one product. */
import { transposedOperand } from "../../graph/def-use.js";
import { rewrite } from "../../graph/rewrite.js";
import { mulDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";

export const foldTimeIntoMatmul: Pass = {
  name: "fold-time-into-matmul",
  description: "Folds the sum over time steps into the product: Σ_t A_tᵀ @ B_t → Aᵀ @ B, with T · batch rows.",
  after: ["sink"],
  run: (graph) =>
    rewrite(graph, (node, { b, inputs, producer }) => {
      if (node.op !== "ReduceSum" || node.attributes.keep || node.attributes.axes.join() !== "0") return undefined;
      const product = producer(at(inputs, 0));
      if (product?.op !== "MatMul") return undefined;
      const left = transposedOperand(at(product.inputs, 0), [0, 2, 1], producer);
      const right = at(product.inputs, 1);
      if (left === undefined || right.type.shape.length !== 3) return undefined;
      const flattenTime = (value: Value) => {
        const [timeSteps, rows, columns] = [at(value.type.shape, 0), at(value.type.shape, 1), at(value.type.shape, 2)];
        return b.reshape(value, [mulDims(timeSteps, rows), columns]);
      };
      if (left.type.shape[0] !== right.type.shape[0]) return undefined;
      return [b.matmul(b.transpose(flattenTime(left), [1, 0]), flattenTime(right))];
    }),
};
