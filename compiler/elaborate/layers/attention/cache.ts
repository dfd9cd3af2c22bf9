/**
 * The steps of the memory that a stream read before: keys and values as states, in the order of the steps, the latest
 * last. A state grows with every part, or holds the latest steps: those that a window sees, or the capacity of a loop,
 * whose states have one shape. Entries of steps before the first are masked.
 */
import type { NormalAttention } from "../../../../schema/normal/index.js";
import { addDims } from "../../../ir/dims.js";
import { at } from "../../../ir/expect.js";
import type { Dim, Value } from "../../../ir/types.js";
import { type Context, GROWING_STEPS } from "../../context.js";

/** The number of steps that the states of a layer hold. */
export function cachedSteps({ window }: NormalAttention, { cacheSteps }: Context): Dim {
  return window ?? cacheSteps;
}

/**
 * Keys or values after those of the steps before; in a stream the axis of steps is longer by `cachedSteps`.
 *
 * @param state the suffix of the state's name.
 */
export function withPast(layer: NormalAttention, state: string, value: Value, axis: number, context: Context): Value {
  const { b } = context;
  const past = cachedSteps(layer, context);
  if (past === 0) return value;
  const name = `${layer.name}/${state}`;
  const before = context.inputState(name, value.type.shape.with(axis, past), false);
  if (before === undefined) return value;
  const all = b.concat([before, value], axis);
  const steps = at(value.type.shape, axis);
  context.outputState(name, past === GROWING_STEPS ? all : b.slice(all, axis, steps, addDims(past, steps)));
  return all;
}
