/**
 * activation: a function of each entry, a softmax over the features, or a gate of two halves of them. In code, because
 * a softmax or sigmoid hands its operand to the loss.
 */
import type { NormalActivation } from "../../../schema/normal/index.js";
import { activate } from "../activations.js";
import type { LayerDefinition } from "../context.js";
import { checkNumbers } from "./numeric-input.js";

export const activation: LayerDefinition<NormalActivation> = {
  elaborate(layer, input, context) {
    if (!checkNumbers(layer, input, context)) return undefined;
    const activated = activate(layer, input.value, () => input.mask, context);
    if (activated === undefined) return undefined;
    const { value, logits } = activated;
    return { ...input, value: context.b.withName(value, layer.name), padding: "first step", logits };
  },
};
