/** One optimizer update: from gradients to the next parameters and slots. */

import type { Builder } from "../ir/builder.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { reservedSlot } from "../language/update.js";
import { type LossScale, scaleReports, updateScale } from "./loss-scale.js";
import { type BoundOptimizer, optimizerOf } from "./optimizers/index.js";
import type { ResolvedOptimizer } from "./resolve-optimizer.js";
import { scheduledMomentum, scheduleFactor } from "./schedules/index.js";
import { type GradientOperands, type ParameterState, statesOfParameters, updateUnits } from "./update-units.js";
import { averageAt } from "./weight-average.js";

export type ReportedRole = "loss" | "gradient_norm" | "learning_rate" | (typeof scaleReports)[number];

export function reportedRoles(scaling: LossScale | null): readonly ReportedRole[] {
  const dynamicRoles = scaling?.dynamic ? scaleReports : [];
  return ["loss", "gradient_norm", "learning_rate", ...dynamicRoles];
}

/** The slot of the raw weights, where parameters are their moving averages. */
const RAW_WEIGHTS = reservedSlot;

/** The clipped gradients, and their global norm before clipping: the root of the sum of squares over all entries. */
function clipGradients(b: Builder, clip: ResolvedOptimizer["clip"], gradients: readonly Value[]) {
  const { add, sum, mul, div, max, min, sqrt } = b;
  const squares = gradients.map((gradient) => sum(mul(gradient, gradient)));
  const norm = sqrt(squares.reduce((x, y) => add(x, y)));
  if (clip === null) return { gradients, norm };
  if ("value" in clip)
    return { gradients: gradients.map((gradient) => min(max(gradient, -clip.value), clip.value)), norm };
  const scale = div(clip.global_norm, max(norm, clip.global_norm));
  return { gradients: gradients.map((gradient) => mul(gradient, scale)), norm };
}

/** The slots of a parameter, in order. */
export function slotsOf(optimizer: ResolvedOptimizer, parameter: Value): BoundOptimizer["slots"] {
  const { slots } = optimizerOf(optimizer, parameter);
  // With averaging, the parameters are the averages, which evaluation and export read; the updated weights are a slot.
  if (optimizer.average === null) return slots;
  return [...slots, { name: RAW_WEIGHTS, initial: 0, shape: parameter.type.shape }];
}

/** Inputs for the slots of a parameter, all by default. */
export function openSlots(
  b: Builder,
  parameter: Value,
  optimizer: ResolvedOptimizer,
  isWanted = (_: string) => true,
): ParameterState {
  const wanted = slotsOf(optimizer, parameter).filter(({ name }) => isWanted(name));
  const slots = wanted.map(({ name, shape }) => {
    return [name, b.input(`${parameter.name}/${name}`, { dtype: parameter.type.dtype, shape })] as const;
  });
  return { parameter, slots: Object.fromEntries(slots) };
}

/** Matches the slot that `trainedWeights` needs. */
export const isRawWeights = (name: string) => name === RAW_WEIGHTS;

/** The weights that are updated: the parameters, or where those are averages the raw weights. */
export function trainedWeights(b: Builder, parameterStates: readonly ParameterState[], step: Value): readonly Value[] {
  if (parameterStates.every(({ slots }) => slots[RAW_WEIGHTS] === undefined))
    return parameterStates.map(({ parameter }) => parameter);
  // The raw weights start as the parameters do, whose values are not known at compile time.
  const isFirst = b.equal(step, 0);
  return parameterStates.map(({ parameter, slots }) =>
    b.where(isFirst, parameter, expectDefined(slots[RAW_WEIGHTS], `the raw weights of ${parameter.name}`)),
  );
}

/** The operands that all updates of a step share. */
interface UpdateContext {
  readonly step: Value;
  readonly rateScale: Value | null;
  /** The loss scale, by which the gradients are multiplied; null: 1. */
  readonly scaling: LossScale | null;
}

/** The carried values after one update. */
interface AppliedUpdate {
  readonly next: readonly ParameterState[];
  /** The next state of the loss scale. */
  readonly scale: readonly Value[];
  /** The gradient norm before clipping, the learning rate, and the reports of the loss scale. */
  readonly reported: readonly Value[];
  /** True where the gradient was not finite under a dynamic loss scale; null without one. */
  readonly isSkipped: Value | null;
}

/**
 * One optimizer update: gradients are unscaled and clipped, then each parameter is updated. Small parameters are
 * updated as one vector. Under a dynamic loss scale a gradient that is not finite leaves all values unchanged.
 */
export function applyGradients(
  b: Builder,
  optimizer: ResolvedOptimizer,
  operands: readonly GradientOperands[],
  { step, rateScale, scaling }: UpdateContext,
): AppliedUpdate {
  const { average, schedule } = optimizer;
  const units = updateUnits(b, optimizer, operands);
  const inverseScale = scaling === null ? null : b.div(1, scaling.scale);
  const { gradients, norm } = clipGradients(
    b,
    optimizer.clip,
    units.map(({ operands: { gradient } }) => (inverseScale === null ? gradient : b.mul(gradient, inverseScale))),
  );
  const scaleUpdate = scaling && updateScale(b, scaling, norm);
  const n = b.cast(step, "float32");
  const factor = scheduleFactor(schedule, b, n);
  const scaled = rateScale === null ? factor : b.mul(factor, rateScale);
  const rate = b.withName(b.mul(scaled, optimizer.learning_rate), "learning_rate");
  // A skipped update counts as a step of the schedule, but not of the optimizer.
  const t = b.add(scaling?.dynamic ? b.sub(n, scaling.dynamic.skipped) : n, 1);
  const updates = scaling?.dynamic ? b.sub(step, b.cast(scaling.dynamic.skipped, "int64")) : step;
  const nextAverage = average && averageAt(b, average, b.add(updates, 1));
  const unitStates = units.map(({ optimizer: bound, operands: unit }, index): ParameterState => {
    const { parameter, slots, weights } = unit;
    const after = bound.update(b, {
      parameter: weights,
      gradient: at(gradients, index),
      slots,
      rate: bound.learningRate === optimizer.learning_rate ? rate : b.mul(scaled, bound.learningRate),
      momentum: bound.type === optimizer.type ? scheduledMomentum(schedule, b, n, bound.momentum) : bound.momentum,
      t,
    });
    const next =
      nextAverage === null
        ? after
        : {
            parameter: nextAverage(parameter, after.parameter),
            slots: { ...after.slots, [RAW_WEIGHTS]: after.parameter },
          };
    if (scaleUpdate === null) return next;
    // The raw weights have no value before the first update, which may be skipped.
    const before = average === null ? slots : { ...slots, [RAW_WEIGHTS]: weights };
    return selectIfFinite(b, scaleUpdate.isGradientFinite, next, { parameter, slots: before });
  });
  const next = statesOfParameters(b, units, unitStates, operands);
  return {
    next,
    scale: scaleUpdate?.next ?? [],
    reported: [scaleUpdate?.norm ?? norm, rate, ...(scaleUpdate?.reported ?? [])],
    isSkipped: scaleUpdate && b.not(scaleUpdate.isGradientFinite),
  };
}

/** The state after an update where a condition holds, else the state before it. */
function selectIfFinite(b: Builder, condition: Value, after: ParameterState, before: ParameterState): ParameterState {
  const slots = Object.entries(after.slots).map(([name, value]) => {
    return [name, b.where(condition, value, before.slots[name] as Value)] as const;
  });
  return { parameter: b.where(condition, after.parameter, before.parameter), slots: Object.fromEntries(slots) };
}

/** The input that scales the learning rate, for a plateau schedule; null for others. */
export function openRateScale(b: Builder, { schedule }: ResolvedOptimizer): Value | null {
  return schedule.type === "plateau" ? b.input("rate_scale", { dtype: "float32", shape: [] }) : null;
}

/** The next parameters, and the next slots in the order of `slotsOf`. @param parameters their values before. */
export function carriedOutputs(
  next: readonly ParameterState[],
  optimizer: ResolvedOptimizer,
  parameters: readonly Value[],
) {
  return {
    parameters: next.map(({ parameter }) => parameter),
    slots: next.flatMap(({ slots }, index) =>
      slotsOf(optimizer, at(parameters, index)).map(({ name }) => slots[name] as Value),
    ),
  };
}
