/**
 * The scale of the loss, for gradients of 16 bits (P. Micikevicius et al., 2018): the loss is multiplied by it before it is differentiated, so
 * that small gradients do not vanish, and the gradients are divided by it again. A scale that is fitted is halved where a gradient is not
 * finite, whose update is left out, and doubled after so many finite ones in a row.
 */
import type { NormalPrecision } from "../../schema/normal.js";
import type { Builder } from "../ir/builder.js";
import type { Graph, Value } from "../ir/types.js";

/** What a step reports of a scale that is fitted: the scale that its gradient was made with, and 1 where its update was left out. */
export const scaleReports = ["loss_scale", "skipped"] as const;

export interface LossScale {
  readonly scale: Value;
  /** Null where the scale always is the same. */
  readonly fitted: {
    /** Finite gradients in a row since the scale last changed. */
    readonly steps: Value;
    /** Updates left out so far. */
    readonly skipped: Value;
    readonly growthInterval: number;
  } | null;
}

/** The slot of the scale, which whoever makes gradients reads too. */
const SCALE = "loss_scale/scale";

/** Where halving ends: gradients that are not finite then are those of a training that diverges. */
const LEAST = 1;
/** Where doubling ends: at the largest scale that a spec may begin with. */
const MOST = 2 ** 32;
/** float32's largest number. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

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
  const { loss_scale: given } = precision;
  return typeof given === "number" ? b.scalar(given) : b.input(SCALE, { dtype: "float32", shape: [] });
}

/** All of it, with inputs in the order of `scaleSlots`. */
export function openLossScale(b: Builder, precision: NormalPrecision): LossScale | null {
  const scale = openScale(b, precision);
  if (precision === "float32" || scale === null) return null;
  const { loss_scale: given } = precision;
  if (typeof given === "number") return { scale, fitted: null };
  const number = (name: string) => b.input(name, { dtype: "float32", shape: [] });
  const [steps, skipped] = [number("loss_scale/steps"), number("loss_scale/skipped")];
  return { scale, fitted: { steps, skipped, growthInterval: given.growth_interval } };
}

/** A forward graph with one more input, the scale of its derivatives. */
export function withScaleInput(graph: Graph): Graph {
  const scale: Value = { name: SCALE, type: { dtype: "float32", shape: [] } };
  return { ...graph, inputs: [...graph.inputs, scale] };
}

export interface Fitted {
  /** Whether the update is made. */
  readonly made: Value;
  /** The norm to report: 0 of an update that is left out; not finite only where nothing is left to halve. */
  readonly norm: Value;
  /** In the order of `scaleSlots`, and of `scaleReports`. */
  readonly next: readonly Value[];
  readonly reported: readonly Value[];
}

/** @param norm of the gradients: finite where all of them are. */
export function refit(b: Builder, { scale, fitted }: LossScale, norm: Value): Fitted | null {
  if (fitted === null) return null;
  const { add, and, cast, div, greater, less, max, min, mul, not, where } = b;
  const { steps, skipped, growthInterval } = fitted;
  const made = less(norm, LARGEST);
  const isLeast = not(greater(scale, LEAST));
  const grows = and(made, greater(steps, growthInterval - 1.5));
  const more = where(grows, min(mul(scale, 2), MOST), scale);
  const left = cast(not(made), "float32");
  return {
    made,
    norm: where(made, norm, where(isLeast, norm, 0)),
    next: [
      where(made, more, max(div(scale, 2), LEAST)),
      where(and(made, not(grows)), add(steps, 1), 0),
      add(skipped, left),
    ],
    reported: [scale, left],
  };
}
