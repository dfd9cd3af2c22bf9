/** Positions of the steps of a sequence, and their angles. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { tensor } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { Context } from "./context.js";

/** The state that counts the steps before a part of a stream, [batch, 1]. */
export const PAST_STEPS = "past_steps";

/**
 * The number of steps of a stream before this part of it, `sequence` [steps, …]: int64 [batch]; undefined where a
 * sequence is read as a whole.
 */
export function pastSteps({ b, inputState, outputState }: Context, sequence: Value): Value | undefined {
  const past = inputState(PAST_STEPS, ["batch", 1], false);
  if (past === undefined) return undefined;
  const steps = b.cast(b.size(b.range(at(sequence.type.shape, 0))), "float32");
  outputState(PAST_STEPS, b.add(past, steps));
  return b.cast(b.squeeze(past, [1]), "int64");
}

/**
 * The positions of the steps of a sequence [steps, …], from 0: int64 [steps, 1]; in a stream [steps, batch], where they
 * continue from part to part.
 */
export function positionsOf(context: Context, sequence: Value): Value {
  const { b } = context;
  const steps = b.unsqueeze(b.range(at(sequence.type.shape, 0)), [1]);
  const past = pastSteps(context, sequence);
  return past === undefined ? steps : b.add(steps, b.unsqueeze(past, [0]));
}

/** Angles [..., ⌈size / 2⌉] at int64 positions: position · 10000^(-2i / size). */
export function anglesOf(b: Builder, positions: Value, size: number): Value {
  const count = Math.ceil(size / 2);
  const frequencies = Array.from({ length: count }, (_, index) => 10_000 ** ((-2 * index) / size));
  const column = b.unsqueeze(b.cast(positions, "float32"), [positions.type.shape.length]);
  return b.mul(column, b.constant(tensor("float32", [count], frequencies)));
}
