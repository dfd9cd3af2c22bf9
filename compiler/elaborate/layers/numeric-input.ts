/** The requirements of layers that read numbers, and of those that read sequences of them. */
import type { NormalLayer } from "../../../schema/normal/index.js";
import { at } from "../../ir/expect.js";
import type { Context } from "../context.js";
import { describeWire, isIds, type Wire } from "../wire.js";

/** True for numbers; otherwise reports the problem. */
export function checkNumbers(layer: NormalLayer, input: Wire, context: Context): boolean {
  if (isIds(input)) reportIds(layer, "numbers", input, context);
  return !isIds(input);
}

/** True for a sequence of numbers; otherwise reports the problem. */
export function checkNumericSequence(layer: NormalLayer, input: Wire, context: Context): boolean {
  const wanted = "sequences of numbers [batch, time, features]";
  if (isIds(input)) reportIds(layer, wanted, input, context);
  else if (!input.sequence)
    context.problem({
      part: layer,
      code: "needs-sequence",
      message: messageOf(layer, wanted, input),
      hint:
        context.earlierLayer(at(layer.from, 0)) === undefined
          ? "Provide inputs of shape [examples, time, features]."
          : 'Write "return": "sequence" in the layer before it.',
    });
  return input.sequence && !isIds(input);
}

function reportIds(layer: NormalLayer, wanted: string, input: Wire, { problem }: Context): void {
  problem({
    part: layer,
    code: "needs-numbers",
    message: messageOf(layer, wanted, input),
    hint: `Put a one_hot or an embedding layer before ${layer.name}.`,
  });
}

function messageOf({ name }: NormalLayer, wanted: string, input: Wire): string {
  return `The layer ${name} reads ${wanted}, but its input is ${describeWire(input)}.`;
}
