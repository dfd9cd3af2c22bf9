/**
 * Softplus of many numbers by operators with vector kernels: ONNX Runtime 1.30 computes Softplus number by number. Time of
 * 2 ** 20 numbers on one thread: 11.7 ms, by exp and log 2.6 ms. Both compute log(1 + exp(-|x|)), with the same rounding.
 */
import { rewrite } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import { transformRecursively } from "../loops/rewrite-loop.js";
import type { Pass } from "../pass.js";
import { isWide } from "../target/index.js";

export const softplus: Pass = {
  name: "softplus",
  description: "Computes Softplus of many numbers by exp and log: Softplus(x) → max(x, 0) + log(1 + exp(-|x|)).",
  // An exported model runs elsewhere.
  run: (graph, context) =>
    context.opset === undefined
      ? transformRecursively(graph, (each) =>
          rewrite(each, (node, { b, inputs }) => {
            if (node.op !== "Softplus") return undefined;
            const x = at(inputs, 0);
            if (x.type.dtype !== "float32" || !isWide(x.type.shape, context)) return undefined;
            return [b.add(b.relu(x), b.log(b.add(b.exp(b.neg(b.abs(x))), 1)))];
          }),
        )
      : graph,
};
