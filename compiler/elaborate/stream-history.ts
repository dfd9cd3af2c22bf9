/** The steps before a piece of a stream, which are a state of the layer that reads them. */
import { addDims } from "../ir/dims.js";
import type { Dim, Shape, Value } from "../ir/types.js";
import type { Context } from "./context.js";
import type { Wire } from "./wire.js";

/**
 * A sequence [time, batch, …] after the last `steps` steps before it, [steps + time, batch, …]. These are the state of a
 * public name, [batch, steps, …], at first zeros; its next value has the last valid steps.
 */
export function withHistory(
  { value, mask }: Pick<Wire, "value" | "mask">,
  name: string,
  steps: number,
  { b, inputState, outputState, lengthsOf }: Context,
): Value {
  const [time, batch, ...features] = value.type.shape as readonly [Dim, Dim, ...Shape];
  const swap = [1, 0, ...features.map((_, axis) => axis + 2)];
  const state = inputState(name, [batch, steps, ...features], false);
  if (state === undefined) throw new Error("a stream has every state as an input");
  const history = b.concat([b.transpose(state, swap), value], 0);
  const last = (): Value => {
    if (mask === null) return b.slice(history, 0, time, addDims(time, steps));
    // The last valid inputs of a sequence of n steps are at n, …, n + steps - 1.
    const positions = b.add(b.unsqueeze(b.range(steps), [1]), b.unsqueeze(b.cast(lengthsOf(mask), "int64"), [0]));
    const featureAxes = features.map((_, axis) => axis + 2);
    return b.gatherElements(history, b.expand(b.unsqueeze(positions, featureAxes), [steps, batch, ...features]), 0);
  };
  outputState(name, b.transpose(last(), swap));
  return history;
}
