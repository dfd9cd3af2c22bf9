/** The requirement of layers that read sequences of numbers. */
import type { NormalLayer } from "../../../schema/normal/index.js";
import type { Context } from "../context.js";
import { describeWire, isIds, type Wire } from "../wire.js";

/** True for a sequence of numbers; otherwise reports the problem. */
export function checkNumericSequence(layer: NormalLayer, input: Wire, { problem }: Context): boolean {
  const hasIds = isIds(input);
  if (input.sequence && !hasIds) return true;
  problem({
    part: layer,
    code: hasIds ? "needs-numbers" : "needs-sequence",
    message: `A ${layer.layer} layer reads sequences of numbers [batch, time, features], but the input of ${layer.name} is ${describeWire(input)}.`,
    hint: hasIds
      ? `Put a one_hot or an embedding layer before ${layer.name}.`
      : 'Write "return": "sequence" in the layer before it.',
  });
  return false;
}
