/** The trained gain and shift of a normalizing layer: `<name>/gain` and `<name>/shift` [features]. */
import type { NormalLayer } from "../../schema/normal/index.js";
import type { Value } from "../ir/types.js";
import type { Context } from "./context.js";
import { constantOne, constantZero } from "./initializers.js";
import { type Wire, width } from "./wire.js";

type Normalizing = Extract<NormalLayer, { readonly gain: boolean }>;

/** The trained gain and shift, as far as the layer has them. */
export function gainAndShift(layer: Normalizing, input: Wire, { parameter }: Context) {
  const shape = [width(input)];
  const owner = layer.weights ?? layer.name;
  return {
    gain: layer.gain ? parameter(`${owner}/gain`, shape, constantOne) : null,
    shift: "shift" in layer && layer.shift ? parameter(`${owner}/shift`, shape, constantZero) : null,
  };
}

/** The layer's output, of the shape of its input. */
export function normalizedWire(layer: Normalizing, input: Wire, value: Value, { b }: Context): Wire {
  return { ...input, value: b.withName(value, layer.name), padding: "first step", logits: null };
}

/** The layer's output: normalized features times gain plus shift. */
export function withGainAndShift(layer: Normalizing, input: Wire, normalized: Value, context: Context): Wire {
  const { b } = context;
  const { gain, shift } = gainAndShift(layer, input, context);
  const scaled = gain === null ? normalized : b.mul(normalized, gain);
  return normalizedWire(layer, input, shift === null ? scaled : b.add(scaled, shift), context);
}
