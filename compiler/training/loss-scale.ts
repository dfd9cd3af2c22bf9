/**
 * Loss scaling for float16 gradients (P. Micikevicius et al., 2018): the loss is multiplied by a scale before
 * differentiation, so that small gradients do not underflow, and the gradients are divided by it. A dynamic scale is
 * halved at a gradient that is not finite, whose update is skipped, and doubled after `growth_interval` finite
 * gradients in a row.
 */
import type { NormalPrecision } from "../../schema/normal/index.js";
import type { Builder } from "../ir/builder.js";
import type { Graph, Value } from "../ir/types.js";

/** The reports of a dynamic scale per step: the scale of its gradient, and 1 for a skipped update, else 0. */
export const scaleReports = ["loss_scale", "skipped"] as const;

export interface LossScale {
  readonly scale: Value;
  /** Null for a constant scale. */
  readonly dynamic: {
    /** Finite gradients in a row since the scale last changed. */
    readonly finiteSteps: Value;
    /** Updates skipped so far. */
    readonly skipped: Value;
    readonly growthInterval: number;
  } | null;
}

/** The slot of the scale, which the gradient step of data parallelism reads too. */
const SCALE = "loss_scale/scale";

/** The smallest scale: a gradient that is not finite at it means that training diverges. */
const MIN_SCALE = 1;
/** The largest scale: also the largest initial scale of a spec. */
const MAX_SCALE = 2 ** 32;
/** The largest finite float32. */
const FLOAT32_MAX = (2 - 2 ** -23) * 2 ** 127;

/** The scalars that are carried from step to step, with their initial values. */
export function scaleSlots(precision: NormalPrecision): readonly { readonly name: string; readonly initial: number }[] {
  if (precision === "float32" || typeof precision.loss_scale === "number") return [];
  return [
    { name: SCALE, initial: precision.loss_scale.initial },
    { name: "loss_scale/steps", initial: 0 },
    { name: "loss_scale/skipped", initial: 0 },
  ];
}

/** The scale alone, for a graph that computes gradients; null where training is float32. */
export function openScale(b: Builder, precision: NormalPrecision): Value | null {
  if (precision === "float32") return null;
  const { loss_scale: setting } = precision;
  return typeof setting === "number" ? b.scalar(setting) : b.input(SCALE, { dtype: "float32", shape: [] });
}

/** The scale and its state, with inputs in the order of `scaleSlots`. */
export function openLossScale(b: Builder, precision: NormalPrecision): LossScale | null {
  const scale = openScale(b, precision);
  if (precision === "float32" || scale === null) return null;
  const { loss_scale: setting } = precision;
  if (typeof setting === "number") return { scale, dynamic: null };
  const scalarInput = (name: string) => b.input(name, { dtype: "float32", shape: [] });
  const [finiteSteps, skipped] = [scalarInput("loss_scale/steps"), scalarInput("loss_scale/skipped")];
  return { scale, dynamic: { finiteSteps, skipped, growthInterval: setting.growth_interval } };
}

/** A forward graph with the loss scale as one more input, the seed of its derivatives. */
export function withScaleInput(graph: Graph): Graph {
  const scale: Value = { name: SCALE, type: { dtype: "float32", shape: [] } };
  return { ...graph, inputs: [...graph.inputs, scale] };
}

export interface ScaleUpdate {
  /** Bool scalar: false skips the update. */
  readonly isGradientFinite: Value;
  /** The norm to report: 0 for a skipped update, except at the smallest scale, where it is not finite. */
  readonly norm: Value;
  /** In the order of `scaleSlots`, and of `scaleReports`. */
  readonly next: readonly Value[];
  readonly reported: readonly Value[];
}

/** The next scale. @param norm the global norm of the gradients: finite exactly where all of them are. */
export function updateScale(b: Builder, { scale, dynamic }: LossScale, norm: Value): ScaleUpdate | null {
  if (dynamic === null) return null;
  const { add, and, cast, div, greater, less, max, min, mul, not, where } = b;
  const { finiteSteps, skipped, growthInterval } = dynamic;
  const isGradientFinite = less(norm, FLOAT32_MAX);
  const isMinimum = not(greater(scale, MIN_SCALE));
  const grows = and(isGradientFinite, greater(finiteSteps, growthInterval - 1.5));
  const grown = where(grows, min(mul(scale, 2), MAX_SCALE), scale);
  const skippedNow = cast(not(isGradientFinite), "float32");
  return {
    isGradientFinite,
    norm: where(isGradientFinite, norm, where(isMinimum, norm, 0)),
    next: [
      where(isGradientFinite, grown, max(div(scale, 2), MIN_SCALE)),
      where(and(isGradientFinite, not(grows)), add(finiteSteps, 1), 0),
      add(skipped, skippedNow),
    ],
    reported: [scale, skippedNow],
  };
}
