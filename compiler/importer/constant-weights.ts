/** Weights that a model has in Constant nodes, which are no initializers: no training changes them. */
import type { GraphProto } from "../onnx/read/program.js";
import { elementType } from "./operand.js";

/** Operators whose operand of two or more axes is a weight, by the position of their first weight. */
const firstWeight: ReadonlyMap<string, number> = new Map([
  ...(["MatMul", "Gemm", "Gather"] as const).map((operator) => [operator, 0] as const),
  ...(["Conv", "ConvTranspose", "LSTM", "GRU", "RNN"] as const).map((operator) => [operator, 1] as const),
]);

/** Names of the floats with two or more axes in Constant nodes that an operator with weights reads. */
export function constantWeights({ nodes }: GraphProto): readonly string[] {
  const isStandard = ({ domain }: { readonly domain: string }) => domain === "ai.onnx";
  const constants = new Set(
    nodes.flatMap((node) => {
      const tensor = node.operator === "Constant" ? node.attributes.get("value")?.tensor : undefined;
      const isWeight =
        tensor !== undefined && tensor.shape.length >= 2 && elementType(tensor.dtype)?.dtype === "float32";
      return isWeight && isStandard(node) ? node.outputs : [];
    }),
  );
  const read = nodes.filter(isStandard).flatMap(({ operator, inputs }) => {
    const first = firstWeight.get(operator);
    return first === undefined ? [] : inputs.slice(first).filter((name) => constants.has(name));
  });
  return [...new Set(read)];
}
