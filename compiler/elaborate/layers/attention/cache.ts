/**
 * The steps of the memory that a stream read before: keys and values as states, in the order of the steps, the latest
 * last. A state grows with every part, or holds the latest steps: those that a window sees, or the capacity of a loop,
 * whose states have one shape. Entries of steps before the first are masked.
 *
 * In blocks of a loop a state does not change: each step would copy all of it. The steps of the block are states of their
 * own, `<state>/block`, and the loop moves them to the others after each block.
 */
import type { NormalAttention } from "../../../../schema/normal/index.js";
import { addDims } from "../../../ir/dims.js";
import { at, expectDefined } from "../../../ir/expect.js";
import type { Dim, Value } from "../../../ir/types.js";
import { type Context, GROWING_STEPS } from "../../context.js";

/** The number of steps that the states of a layer hold. */
export function cachedSteps({ window }: NormalAttention, { cacheSteps }: Context): Dim {
  return window ?? cacheSteps;
}

/** The number of steps of a block in which the states of a layer do not change; null where they change in every step. */
export function blockStepsOf({ window }: NormalAttention, { blockSteps }: Context): Dim | null {
  return window === null ? blockSteps : null;
}

/** The name of the state with the steps of a block. */
export function blockState(state: string): string {
  return `${state}/block`;
}

/**
 * Keys or values after those of the steps before, in parts along the axis of steps; in a stream it is longer by
 * `cachedSteps`, and in a block by its steps, too.
 *
 * @param state the suffix of the state's name.
 */
export function withPast(
  layer: NormalAttention,
  state: string,
  value: Value,
  axis: number,
  context: Context,
): readonly Value[] {
  const { b } = context;
  const past = cachedSteps(layer, context);
  if (past === 0) return [value];
  const name = `${layer.name}/${state}`;
  const open = (ownName: string, length: Dim) =>
    context.inputState(ownName, value.type.shape.with(axis, length), false);
  const before = open(name, past);
  if (before === undefined) return [value];
  const steps = at(value.type.shape, axis);
  const block = blockStepsOf(layer, context);
  if (block === null) {
    const all = b.concat([before, value], axis);
    context.outputState(name, past === GROWING_STEPS ? all : b.slice(all, axis, steps, addDims(past, steps)));
    return [all];
  }
  const ofBlock = b.concat([expectDefined(open(blockState(name), block), name), value], axis);
  context.outputState(blockState(name), b.slice(ofBlock, axis, steps, addDims(block, steps)));
  return [before, ofBlock];
}
