/**
 * dropout: in training each entry is 0 at a rate, and the others are scaled to preserve the mean (inverted dropout; N.
 * Srivastava et al., 2014); otherwise the identity. In code, because it draws random numbers in training alone.
 */
import type { NormalDropout } from "../../../schema/normal/index.js";
import type { LayerDefinition } from "../context.js";
import { dropoutMask } from "../random.js";
import { checkNumbers } from "./numeric-input.js";

export const dropout: LayerDefinition<NormalDropout> = {
  elaborate(layer, input, context) {
    if (!checkNumbers(layer, input, context)) return undefined;
    const { b, mode } = context;
    if (mode !== "training" || layer.rate === 0) return { ...input, logits: null };
    const mask = dropoutMask(context, layer.name, input.value.type.shape, layer.rate);
    return { ...input, value: b.withName(b.mul(input.value, mask), layer.name), logits: null };
  },
};
