/** one_hot: token ids to rows with a single 1. In code, because it reads ids. */
import type { NormalOneHot } from "../../../schema/normal/index.js";
import type { LayerDefinition } from "../context.js";
import { describeWire, isIds } from "../wire.js";

export const oneHot: LayerDefinition<NormalOneHot> = {
  elaborate(layer, input, { b, size, problem }) {
    if (!isIds(input))
      return problem({
        part: layer,
        code: "needs-ids",
        message: `A one_hot layer reads token ids, but the input of ${layer.name} is ${describeWire(input)}.`,
        hint: "Remove the layer: numbers need no encoding.",
      });
    const depth = size(layer.size, layer, "size");
    if (depth === undefined) return undefined;
    return { ...input, value: b.withName(b.oneHot(input.value, depth), layer.name), logits: null };
  },
};
