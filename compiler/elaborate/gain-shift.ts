/** The trained gain and shift of a normalizing layer: `<name>/gain` and `<name>/shift` [features]. */
import type { NormalLayer } from "../../schema/normal/index.js";
import type { Value } from "../ir/types.js";
import type { Context } from "./context.js";
import { constantOne, constantZero } from "./initializers.js";
import { describeWire, isIds, type Wire, width } from "./wire.js";

type Normalizing = Extract<NormalLayer, { readonly gain: boolean }>;

/** Reports token ids before a normalizing layer. @returns false after a reported problem. */
export function checkNumbers(layer: Normalizing, input: Wire, { problem }: Context): boolean {
  if (!isIds(input)) return true;
  problem({
    part: layer,
    code: "needs-numbers",
    message: `A ${layer.layer} layer reads numbers, but the input of ${layer.name} is ${describeWire(input)}.`,
    hint: `Put a one_hot or an embedding layer before ${layer.name}.`,
  });
  return false;
}

/** The layer's output: normalized features times gain plus shift, as far as the layer has them. */
export function withGainAndShift(layer: Normalizing, input: Wire, normalized: Value, context: Context): Wire {
  const { b, parameter } = context;
  const shape = [width(input)];
  const scaled = layer.gain ? b.mul(normalized, parameter(`${layer.name}/gain`, shape, constantOne)) : normalized;
  const hasShift = "shift" in layer && layer.shift;
  const value = hasShift ? b.add(scaled, parameter(`${layer.name}/shift`, shape, constantZero)) : scaled;
  return { ...input, value: b.withName(value, layer.name), padding: "first step", logits: null };
}
