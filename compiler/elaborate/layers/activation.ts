/** activation: a function of each entry, a softmax over the features, or a gate of two halves of them. */
import type { NormalActivation } from "../../../schema/normal/index.js";
import { activate, isGated } from "../activations.js";
import type { LayerDefinition } from "../context.js";
import { describeWire, isIds, width } from "../wire.js";

export const activation: LayerDefinition<NormalActivation> = {
  elaborate(layer, input, { b, problem }) {
    if (isIds(input))
      return problem({
        part: layer,
        code: "needs-numbers",
        message: `An activation layer reads numbers, but the input of ${layer.name} is ${describeWire(input)}.`,
        hint: `Put a one_hot or an embedding layer before ${layer.name}.`,
      });
    const size = width(input);
    if (isGated(layer.activation) && typeof size === "number" && size % 2 !== 0)
      return problem({
        part: layer,
        key: "activation",
        code: "odd-width",
        message: `${layer.activation} halves its input, but the input of ${layer.name} has ${size} features, an odd number.`,
        hint: "Give the layer before it an even size.",
      });
    const { value, logits } = activate(b, layer.activation, input.value);
    return { ...input, value: b.withName(value, layer.name), padding: "first step", logits };
  },
};
