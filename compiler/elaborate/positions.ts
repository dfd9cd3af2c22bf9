/** Positions of the steps of a sequence, and their angles. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { tensor } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { Context } from "./context.js";

/** The state that counts the steps before a part of a stream, [batch, 1]. */
export const PAST_STEPS = "past_steps";

/** The number of steps before this part of a stream, int64 [batch]; undefined where a sequence is read as a whole. */
export function pastSteps({ b, inputState }: Pick<Context, "b" | "inputState">): Value | undefined {
  const past = inputState(PAST_STEPS, ["batch", 1], false);
  return past && b.cast(b.squeeze(past, [1]), "int64");
}

/**
 * The positions of the steps of a sequence [steps, …], from 0: int64 [steps, 1]; in a stream [steps, batch], where they
 * continue from part to part.
 */
export function positionsOf(context: Context, sequence: Value): Value {
  const { b, outputState } = context;
  const steps = b.range(at(sequence.type.shape, 0));
  const column = b.unsqueeze(steps, [1]);
  const past = pastSteps(context);
  if (past === undefined) return column;
  const next = b.add(past, b.size(steps));
  outputState(PAST_STEPS, b.unsqueeze(b.cast(next, "float32"), [1]));
  return b.add(column, b.unsqueeze(past, [0]));
}

/** Angles [..., ⌈size / 2⌉] at int64 positions: position · 10000^(-2i / size). */
export function anglesOf(b: Builder, positions: Value, size: number): Value {
  const count = Math.ceil(size / 2);
  const frequencies = Array.from({ length: count }, (_, index) => 10_000 ** ((-2 * index) / size));
  const column = b.unsqueeze(b.cast(positions, "float32"), [positions.type.shape.length]);
  return b.mul(column, b.constant(tensor("float32", [count], frequencies)));
}
