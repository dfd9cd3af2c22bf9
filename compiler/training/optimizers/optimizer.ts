/** The definition of an optimizer: slots of each parameter, and one update in primitives. */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import type { Builder, Operand } from "../../ir/builder.js";
import type { Shape, Value } from "../../ir/types.js";

/** Tensors that belong to a parameter and are carried from update to update. */
export type Slots<S extends string = string> = Readonly<Record<S, Value>>;

/** The initial value of every entry of a slot, of the parameter's shape unless it has a shape of its own. */
export type SlotDefinition = number | { readonly initial: number; readonly shape: Shape };

export interface UpdateOperands<S extends string> {
  readonly parameter: Value;
  readonly gradient: Value;
  readonly slots: Slots<S>;
  /** The learning rate of this update, a scalar. */
  readonly rate: Value;
  /** The optimizer's `momentum` or `beta1` at this update, a scalar; 0 where it has neither. */
  readonly momentum: Operand;
  /** The number of the update, a float32 scalar counted from 1: t in the papers. */
  readonly t: Value;
}

export interface Update<S extends string> {
  readonly parameter: Value;
  readonly slots: Slots<S>;
}

export interface OptimizerDefinition<O, S extends string = string> {
  /** True where the update of an entry depends on other entries of its parameter: norms, sums over rows, products. */
  readonly isLayerwise?: boolean;
  /** The slots of a parameter of some shape. */
  slots(options: O, shape: Shape): Readonly<Record<string, SlotDefinition>>;
  /** The options of the optimizer that updates a parameter in place of this one; undefined where this one does. */
  substitute?(options: O, name: string, shape: Shape): NormalOptimizer | undefined;
  update(options: O, b: Builder, operands: UpdateOperands<S>): Update<S>;
}

/** decay * average + (1 - decay) * x */
export function movingAverage({ add, sub, mul }: Builder, decay: Operand, average: Value, x: Value): Value {
  return add(mul(average, decay), mul(x, typeof decay === "number" ? 1 - decay : sub(1, decay)));
}

/** Decoupled weight decay (I. Loshchilov and F. Hutter, 2019): p - rate * weight_decay * p. */
export function decayedWeights({ sub, mul }: Builder, weightDecay: number, rate: Value, parameter: Value): Value {
  return weightDecay === 0 ? parameter : sub(parameter, mul(mul(rate, weightDecay), parameter));
}

/**
 * 1 - beta^t without cancellation: with x = -t ln beta it is 1 - e^-x = 2 tanh(x/2) / (1 + tanh(x/2)), which is
 * accurate to the last digits of float32, where 1 - 0.999^t loses five of them.
 */
export function oneMinusPower({ add, mul, div, tanh, log }: Builder, beta: Operand, t: Value): Value {
  const half = tanh(typeof beta === "number" ? mul(t, -Math.log(beta) / 2) : mul(mul(t, log(beta)), -0.5));
  return div(mul(half, 2), add(half, 1));
}

/** The L2 norm of a tensor, a scalar. */
export function normOf({ sum, mul, sqrt }: Builder, x: Value): Value {
  return sqrt(sum(mul(x, x)));
}
