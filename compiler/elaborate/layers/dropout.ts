/**
 * dropout: in training each entry is 0 at a rate, and the others are scaled to preserve the mean (inverted dropout;
 * N. Srivastava et al., 2014); otherwise the identity.
 */
import type { NormalDropout } from "../../../schema/normal/index.js";
import type { LayerDefinition } from "../context.js";
import { dropoutMask } from "../random.js";
import { describeWire, isIds } from "../wire.js";

export const dropout: LayerDefinition<NormalDropout> = {
  elaborate(layer, input, context) {
    if (isIds(input))
      return context.problem({
        part: layer,
        code: "needs-numbers",
        message: `A dropout layer reads numbers, but the input of ${layer.name} is ${describeWire(input)}.`,
        hint: `Put a one_hot or an embedding layer before ${layer.name}.`,
      });
    const { b, mode } = context;
    if (mode !== "training" || layer.rate === 0) return { ...input, logits: null };
    const mask = dropoutMask(context, layer.name, input.value.type.shape, layer.rate);
    return { ...input, value: b.withName(b.mul(input.value, mask), layer.name), logits: null };
  },
};
