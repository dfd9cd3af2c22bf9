/** cycle: token ids to the sine and cosine of their angle in a period, 2 features. In code, because it reads ids. */
import type { NormalCycle } from "../../../schema/normal/index.js";
import type { LayerDefinition } from "../context.js";
import { describeWire, isIds } from "../wire.js";

export const cycle: LayerDefinition<NormalCycle> = {
  elaborate(layer, input, { b, size, problem }) {
    if (!isIds(input))
      return problem({
        part: layer,
        code: "needs-ids",
        message: `A cycle layer reads token ids, but the input of ${layer.name} is ${describeWire(input)}.`,
        hint: "Read an input of ids, such as the hours of a column of dates.",
      });
    const period = size(layer.period, layer, "period");
    if (period === undefined) return undefined;
    const { value } = input;
    const { length: rank } = value.type.shape;
    // The period of a symbol is not known yet: its type is all that counts.
    const unit = (2 * Math.PI) / (typeof period === "number" ? period : 1);
    const angle = b.unsqueeze(b.mul(b.cast(value, "float32"), unit), [rank]);
    const features = b.concat([b.sin(angle), b.cos(angle)], rank);
    return { ...input, value: b.withName(features, layer.name), logits: null };
  },
};
