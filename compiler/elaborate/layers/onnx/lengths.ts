/** The lengths of sequences as inputs of a model: a number of steps, or a mask of steps. */
import type { NormalOnnx } from "../../../../schema/normal/index.js";
import { at } from "../../../ir/expect.js";
import type { DType, Value } from "../../../ir/types.js";
import type { ModelTensor } from "../../../onnx/read/tensors.js";
import type { Context } from "../../context.js";
import type { Wire } from "../../wire.js";
import type { ModelInput } from "./inputs.js";

/** The inputs of `lengths` and `mask`; undefined after a reported problem. */
export function lengthInputs(
  layer: NormalOnnx,
  declared: readonly ModelTensor[],
  wires: readonly Wire[],
  context: Context,
): readonly ModelInput[] | undefined {
  const { b, problem } = context;
  const [first] = wires;
  const names = [layer.lengths, layer.mask].filter((name) => name !== null);
  if (names.length === 0) {
    if (layer.padding !== null || wires.every(({ mask }) => mask === null)) return [];
    return problem({
      part: layer,
      code: "model-lengths",
      message: `${layer.name} reads sequences of several lengths, but ${layer.file} is given neither lengths nor a mask: its results may depend on padding.`,
      hint: 'Name an input of the model in "lengths" or "mask", or accept that it reads zeros as padding: "padding": "zeros".',
    });
  }
  if (first?.sequence !== true)
    return problem({
      part: layer,
      key: layer.lengths === null ? "mask" : "lengths",
      code: "needs-sequence",
      message: `${layer.name} reads no sequence, which has lengths.`,
      hint: 'Remove "lengths" and "mask".',
    });
  const [time, batch] = [at(first.value.type.shape, 0), at(first.value.type.shape, 1)];
  const castTo = (value: Value, name: string): ModelInput | undefined => {
    const dtype = declared.find((input) => input.name === name)?.dtype ?? "";
    if (!["float32", "int64", "int32", "bool"].includes(dtype))
      return problem({
        part: layer,
        key: name === layer.mask ? "mask" : "lengths",
        code: "model-input",
        message: `The input ${name} of ${layer.file} has ${dtype} values.`,
        hint: "Lengths and masks are float32, int64, int32 or bool.",
      });
    return { name, value: b.cast(value, dtype as DType) };
  };
  const inputs: (ModelInput | undefined)[] = [];
  if (layer.lengths !== null) {
    const lengths = first.mask === null ? b.size(b.range(time)) : b.cast(context.lengthsOf(first.mask), "int64");
    inputs.push(castTo(first.mask === null ? b.expand(lengths, [batch]) : lengths, layer.lengths));
  }
  if (layer.mask !== null) {
    const ones = () => b.expand(b.scalar(1), [time, batch]);
    const mask = first.mask === null ? ones() : b.cast(b.squeeze(first.mask, [2]), "float32");
    inputs.push(castTo(layer.layout === "time_first" ? mask : b.transpose(mask, [1, 0]), layer.mask));
  }
  const found = inputs.flatMap((input) => input ?? []);
  return found.length === inputs.length ? found : undefined;
}
