/**
 * layer_norm and rms_norm: each vector of features normalized by itself, then scaled by a gain and shifted. In code,
 * because `epsilon` is an option, and layer_norm of equations has none; cells with `layer_norm` share both.
 */
import type { NormalLayerNorm, NormalRmsNorm } from "../../../schema/normal/index.js";
import { layerNorm, rmsNorm } from "../../language/functions/axes.js";
import type { LayerDefinition } from "../context.js";
import { withGainAndShift } from "../gain-shift.js";
import { checkNumbers } from "./numeric-input.js";

export const perStepNorm: LayerDefinition<NormalLayerNorm | NormalRmsNorm> = {
  elaborate(layer, input, context) {
    if (!checkNumbers(layer, input, context)) return undefined;
    const normalize = layer.layer === "layer_norm" ? layerNorm : rmsNorm;
    return withGainAndShift(layer, input, normalize(context.b, input.value, layer.epsilon), context);
  },
};
