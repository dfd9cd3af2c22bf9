/**
 * group_norm: the features of each group normalized together over the valid steps of a sequence, then scaled by a gain
 * and shifted. Y. Wu, K. He (2018). In code, because its statistics are of the valid steps of a sequence.
 */
import type { NormalGroupNorm } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import { divideDim } from "../../language/expression-type.js";
import { layerNorm } from "../../language/functions/axes.js";
import type { LayerDefinition } from "../context.js";
import { withGainAndShift } from "../gain-shift.js";
import { momentsOver } from "../moments.js";
import { width } from "../wire.js";
import { checkNumbers } from "./numeric-input.js";

/**
 * Groups [time, batch, groups, features per group] with mean 0 and variance 1 over time and features.
 *
 * @param mask [time, batch, 1] bool; null where every step is valid. Padding becomes 0.
 */
function standardizeSequences(b: Builder, parts: Value, mask: Value | null, epsilon: number): Value {
  const { centered, variance } = momentsOver(b, parts, [0, 3], mask && b.unsqueeze(mask, [3]));
  return b.div(centered, b.sqrt(b.add(variance, epsilon)));
}

export const groupNorm: LayerDefinition<NormalGroupNorm> = {
  elaborate(layer, input, context) {
    if (!checkNumbers(layer, input, context)) return undefined;
    const { b, problem } = context;
    const { groups, epsilon } = layer;
    const size = width(input);
    const groupSize = divideDim(size, groups);
    if (groupSize === undefined)
      return problem({
        part: layer,
        key: "groups",
        code: "group-size",
        message: `The ${size} features of the input of ${layer.name} do not divide into ${groups} equal groups.`,
        hint: `Set "groups" to a divisor of ${size}.`,
      });
    // A size that only the data defines may be a multiple.
    if (typeof size === "string") return undefined;
    const { shape } = input.value.type;
    const parts = b.reshape(input.value, [...shape.slice(0, -1), groups, groupSize]);
    const normalized = input.sequence
      ? standardizeSequences(b, parts, input.mask, epsilon)
      : layerNorm(b, parts, epsilon);
    return withGainAndShift(layer, input, b.reshape(normalized, shape), context);
  },
};
