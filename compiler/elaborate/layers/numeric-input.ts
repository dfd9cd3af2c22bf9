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
      hint: hasSequenceBehind(at(layer.from, 0), context)
        ? 'Write "return": "sequence" in the layer before it.'
        : 'Provide inputs of shape [examples, time, features]; a table has them with a "window".',
    });
  return input.sequence && !isIds(input);
}

/** True where a layer, or one that it depends on, reads the steps of a sequence. */
function hasSequenceBehind(name: string, context: Context): boolean {
  const earlier = context.earlierLayer(name);
  if (earlier === undefined) return false;
  const { layer, wire } = earlier;
  const endsSequences = layer.layer === "rnn" || layer.layer === "pool";
  return wire.sequence || endsSequences || layer.from.some((source) => hasSequenceBehind(source, context));
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
