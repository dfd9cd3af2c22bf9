/** activation: a function of each entry, a softmax over the features, or a gate of two halves of them. */
import type { NormalActivation } from "../../../schema/normal/index.js";
import { activate, isGated } from "../activations.js";
import type { LayerDefinition } from "../context.js";
import { width } from "../wire.js";
import { checkNumbers } from "./numeric-input.js";

export const activation: LayerDefinition<NormalActivation> = {
  elaborate(layer, input, context) {
    if (!checkNumbers(layer, input, context)) return undefined;
    const { b, problem } = context;
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
