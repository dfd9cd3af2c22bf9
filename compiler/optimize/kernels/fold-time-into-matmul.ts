/** Contract: a sum of products over the steps is one product of longer matrices. */
import { rewrite } from "../../graph/rewrite.js";
import { mulDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Pass } from "../pass.js";

export const foldTimeIntoMatmul: Pass = {
  name: "fold-time-into-matmul",
  description: "Σ_t A_tᵀ @ B_t → Aᵀ @ B, with the steps laid one under the other.",
  run: (graph) =>
    rewrite(graph, (node, { b, inputs, producer }) => {
      if (node.op !== "ReduceSum" || node.attributes.keep || node.attributes.axes.join() !== "0") return undefined;
      const product = producer(at(inputs, 0));
      if (product?.op !== "MatMul") return undefined;
      const transpose = producer(at(product.inputs, 0));
      const right = at(product.inputs, 1);
      if (
        transpose?.op !== "Transpose" ||
        transpose.attributes.perm.join() !== "0,2,1" ||
        right.type.shape.length !== 3
      )
        return undefined;
      const left = at(transpose.inputs, 0);
      const flattenTime = (value: typeof left) => {
        const [timeSteps, rows, columns] = [at(value.type.shape, 0), at(value.type.shape, 1), at(value.type.shape, 2)];
        return b.reshape(value, [mulDims(timeSteps, rows), columns]);
      };
      if (left.type.shape[0] !== right.type.shape[0]) return undefined;
      return [b.matmul(b.transpose(flattenTime(left), [1, 0]), flattenTime(right))];
    }),
};
