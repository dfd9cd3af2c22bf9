/** The definition of an optimizer: slots of each parameter, and one update in primitives. */
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";

/** Tensors of a parameter's shape, carried from update to update. */
export type Slots<S extends string = string> = Readonly<Record<S, Value>>;

export interface UpdateOperands<S extends string> {
  readonly parameter: Value;
  readonly gradient: Value;
  readonly slots: Slots<S>;
  /** The learning rate of this update, a scalar. */
  readonly rate: Value;
  /** The number of the update, a float32 scalar counted from 1: t in the papers. */
  readonly t: Value;
}

export interface Update<S extends string> {
  readonly parameter: Value;
  readonly slots: Slots<S>;
}

export interface OptimizerDefinition<O, S extends string = string> {
  /** The initial value of every entry of each slot. */
  slots(options: O): Readonly<Record<S, number>>;
  update(options: O, b: Builder, operands: UpdateOperands<S>): Update<S>;
}

/** decay * average + (1 - decay) * x */
export function movingAverage({ add, mul }: Builder, decay: number, average: Value, x: Value): Value {
  return add(mul(average, decay), mul(x, 1 - decay));
}

/**
 * 1 - beta^t without cancellation: with x = -t ln beta it is 1 - e^-x = 2 tanh(x/2) / (1 + tanh(x/2)), which is
 * accurate to the last digits of float32, where 1 - 0.999^t loses five of them.
 */
export function oneMinusPower({ add, mul, div, tanh }: Builder, beta: number, t: Value): Value {
  const half = tanh(mul(t, -Math.log(beta) / 2));
  return div(mul(half, 2), add(half, 1));
}
