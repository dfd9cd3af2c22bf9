/**
 * The scale of the loss, for gradients of 16 bits (P. Micikevicius et al., 2018): the loss is multiplied by it before it is differentiated, so
 * that small gradients do not vanish, and the gradients are divided by it again. A scale that is fitted is halved where a gradient is not
 * finite, whose update is left out, and doubled after so many finite ones in a row.
 */
import type { NormalPrecision } from "../../schema/normal/index.js";
import type { Builder } from "../ir/builder.js";
import type { Graph, Value } from "../ir/types.js";

/** What a step reports of a scale that is fitted: the scale that its gradient was made with, and 1 where its update was left out. */
export const scaleReports = ["loss_scale", "skipped"] as const;

export interface LossScale {
  readonly scale: Value;
  /** Null where the scale always is the same. */
  readonly dynamic: {
    /** Finite gradients in a row since the scale last changed. */
    readonly finiteSteps: Value;
    /** Updates left out so far. */
    readonly skipped: Value;
    readonly growthInterval: number;
  } | null;
}

/** The slot of the scale, which whoever makes gradients reads too. */
const SCALE = "loss_scale/scale";

/** Where halving ends: gradients that are not finite then are those of a training that diverges. */
const MIN_SCALE = 1;
/** Where doubling ends: at the largest scale that a spec may begin with. */
const MAX_SCALE = 2 ** 32;
/** float32's largest number. */
const FLOAT32_MAX = (2 - 2 ** -23) * 2 ** 127;

/** What is carried from step to step, each a number, with what it starts from. */
export function scaleSlots(precision: NormalPrecision): readonly { readonly name: string; readonly initial: number }[] {
  if (precision === "float32" || typeof precision.loss_scale === "number") return [];
  return [
    { name: SCALE, initial: precision.loss_scale.initial },
    { name: "loss_scale/steps", initial: 0 },
    { name: "loss_scale/skipped", initial: 0 },
  ];
}

/** The scale alone, for whoever makes gradients; null where none are of 16 bits. */
export function openScale(b: Builder, precision: NormalPrecision): Value | null {
  if (precision === "float32") return null;
  const { loss_scale: setting } = precision;
  return typeof setting === "number" ? b.scalar(setting) : b.input(SCALE, { dtype: "float32", shape: [] });
}

/** All of it, with inputs in the order of `scaleSlots`. */
export function openLossScale(b: Builder, precision: NormalPrecision): LossScale | null {
  const scale = openScale(b, precision);
  if (precision === "float32" || scale === null) return null;
  const { loss_scale: setting } = precision;
  if (typeof setting === "number") return { scale, dynamic: null };
  const scalarInput = (name: string) => b.input(name, { dtype: "float32", shape: [] });
  const [finiteSteps, skipped] = [scalarInput("loss_scale/steps"), scalarInput("loss_scale/skipped")];
  return { scale, dynamic: { finiteSteps, skipped, growthInterval: setting.growth_interval } };
}

/** A forward graph with one more input, the scale of its derivatives. */
export function withScaleInput(graph: Graph): Graph {
  const scale: Value = { name: SCALE, type: { dtype: "float32", shape: [] } };
  return { ...graph, inputs: [...graph.inputs, scale] };
}

export interface ScaleUpdate {
  /** Whether the update is made. */
  readonly isGradientFinite: Value;
  /** The norm to report: 0 of an update that is left out; not finite only where nothing is left to halve. */
  readonly norm: Value;
  /** In the order of `scaleSlots`, and of `scaleReports`. */
  readonly next: readonly Value[];
  readonly reported: readonly Value[];
}

/** @param norm of the gradients: finite where all of them are. */
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
