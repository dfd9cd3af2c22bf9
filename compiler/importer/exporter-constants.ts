/**
 * Constants that PyTorch's exporter (torch.onnx, from 2.5 on) stores as initializers: scales, and the gain and shift of a
 * normalization without weights. Its name of a tensor that it computed is `val_<number>`; a weight that a node reads
 * as it is keeps the name of the module. Weights that it transposed or reshaped for a node are named in the same way.
 */
import type { ModelInfo } from "../onnx/read/model.js";
import type { GraphProto } from "../onnx/read/program.js";

/** A copy for one reader has the name of that reader's output after a slash. */
const computedName = /^val_\d+(?:\/|$)/;
const producer = "pytorch";

/** Operators that read one number of a tensor of one element. */
const arithmetic: ReadonlySet<string> = new Set(["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Clip"]);

/** Operators whose gain and shift the exporter neither transposes nor reshapes. */
const normalizations: ReadonlySet<string> = new Set([
  ...["LayerNormalization", "RMSNormalization", "InstanceNormalization", "GroupNormalization", "BatchNormalization"],
]);

/** Names of initializers of floats that are no weights. */
export function exporterConstants(
  { initializers, nodes }: GraphProto,
  model: Pick<ModelInfo, "producer">,
): readonly string[] {
  if (!model.producer.startsWith(producer)) return [];
  const candidates = new Map(
    initializers.flatMap(({ name, dtype, shape }) =>
      computedName.test(name) && dtype === "float32" ? [[name, shape.every((size) => size === 1)] as const] : [],
    ),
  );
  const read = new Set<string>();
  for (const { operator, domain, inputs } of nodes)
    for (const name of inputs) {
      const isNumber = candidates.get(name);
      if (isNumber === undefined) continue;
      const isConstant = normalizations.has(operator) || (isNumber && arithmetic.has(operator));
      if (domain === "ai.onnx" && isConstant) read.add(name);
      else candidates.delete(name);
    }
  return [...candidates.keys()].filter((name) => read.has(name));
}
