/**
 * Units of an update: single parameters, and small ones that are updated as one vector. An elementwise update is the
 * same for a vector of several parameters, and for a small tensor a kernel call costs more than its arithmetic.
 */

import type { Builder } from "../ir/builder.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { flatten, isSmall, unflatten } from "./flatten.js";
import { type BoundOptimizer, optimizerOf } from "./optimizers/index.js";
import type { ResolvedOptimizer } from "./resolve-optimizer.js";

/** The values of a parameter that are carried from step to step: its value, and its slots by name. */
export interface ParameterState {
  readonly parameter: Value;
  readonly slots: Readonly<Record<string, Value>>;
}

/** The operands of the update of one parameter. */
export interface GradientOperands extends ParameterState {
  readonly weights: Value;
  readonly gradient: Value;
}

/**
 * Indices of the small parameters that are updated, and carried from step to step, as one vector: groups of equal
 * arithmetic.
 */
export function flatGroupsOf(
  optimizer: ResolvedOptimizer,
  parameters: readonly Value[],
): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>();
  for (const [index, parameter] of parameters.entries()) {
    const { key, isLayerwise } = optimizerOf(optimizer, parameter);
    if (isLayerwise || !isSmall(parameter)) continue;
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  return [...groups.values()].filter((indices) => indices.length > 1);
}

export interface UpdateUnit {
  readonly optimizer: BoundOptimizer;
  readonly operands: GradientOperands;
  /** Indices of the unit's parameters. */
  readonly indices: readonly number[];
}

/** The units of an update: first the parameters alone, then the flattened groups. */
export function updateUnits(
  b: Builder,
  optimizer: ResolvedOptimizer,
  operands: readonly GradientOperands[],
): readonly UpdateUnit[] {
  const parameters = operands.map(({ parameter }) => parameter);
  const groups = flatGroupsOf(optimizer, parameters);
  const separate = operands.flatMap((_, index) => (groups.some((group) => group.includes(index)) ? [] : [[index]]));
  return [...separate, ...groups].map((indices) => {
    const members = indices.map((index) => at(operands, index));
    const [first] = members;
    return {
      indices,
      optimizer: optimizerOf(optimizer, at(parameters, at(indices, 0))),
      operands: members.length === 1 && first !== undefined ? first : flattenOperands(b, members),
    };
  });
}

/** Operands of several parameters, flattened to vectors and concatenated. */
function flattenOperands(b: Builder, operands: readonly GradientOperands[]): GradientOperands {
  const of = (select: (operand: GradientOperands) => Value) => flatten(b, operands.map(select));
  const slots = Object.keys(at(operands, 0).slots).map((name) => [name, of((operand) => operand.slots[name] as Value)]);
  const parameter = of((operand) => operand.parameter);
  const areTrained = operands.every((operand) => operand.parameter === operand.weights);
  return {
    parameter,
    weights: areTrained ? parameter : of((operand) => operand.weights),
    gradient: of((operand) => operand.gradient),
    slots: Object.fromEntries(slots),
  };
}

/** The next state of each parameter, in order, from those of the units. */
export function statesOfParameters(
  b: Builder,
  units: readonly UpdateUnit[],
  unitStates: readonly ParameterState[],
  operands: readonly GradientOperands[],
): readonly ParameterState[] {
  const states = new Map<number, ParameterState>();
  for (const [position, { indices }] of units.entries()) {
    const state = at(unitStates, position);
    const like = indices.map((index) => at(operands, index));
    const members = like.length === 1 ? [state] : unflattenState(b, state, like);
    for (const [member, index] of indices.entries()) states.set(index, at(members, member));
  }
  return operands.map((_, index) => expectDefined(states.get(index), "an updated parameter"));
}

/** The states of parameters from their flattened state. */
function unflattenState(
  b: Builder,
  { parameter, slots }: ParameterState,
  like: readonly ParameterState[],
): readonly ParameterState[] {
  const shapes = like.map((state) => state.parameter);
  const slotValues = Object.entries(slots).map(([name, value]) => [name, unflatten(b, value, shapes)] as const);
  return unflatten(b, parameter, shapes).map((entries, index) => ({
    parameter: entries,
    slots: Object.fromEntries(slotValues.map(([name, values]) => [name, at(values, index)])),
  }));
}
