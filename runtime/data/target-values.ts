/** The values that a loss compares outputs with: their range, and hints for targets that it cannot read. */
import type { RunProblem } from "../problem.js";
import { type Origin, valueProblem } from "./formats/convert-array.js";
import type { Uses } from "./source.js";

/** The part of a model's use that concerns targets. */
export type TargetUse = Pick<Uses, "targets" | "loss">;

/** The hint for text where a loss needs numbers. */
export function numbersHint({ loss }: TargetUse): string {
  return `${loss} needs numbers as targets. For classes use cross_entropy.`;
}

/** The hint for a target outside of the range of a loss; undefined for a target inside. */
export function rangeHint({ targets, loss }: TargetUse, value: number): string | undefined {
  if (targets === "counts" && !(Number.isInteger(value) && value >= 0))
    return `${loss} needs counts as targets: integers from 0. For other numbers use gaussian_nll or student_t_nll.`;
  if (targets !== "probabilities" || (value >= 0 && value <= 1)) return undefined;
  return `${loss} needs targets from 0 to 1. Write labels as 0 and 1; for more than two classes use cross_entropy.`;
}

/** Rounded probabilities, such as three of 0.33, may have this distance from the sum 1. */
const SUM_TOLERANCE = 0.02;

interface TargetArray {
  readonly shape: readonly number[];
  /** Values in a row: the size of the last axis, or 1 where an entry is one number. */
  readonly width: number;
  readonly data: Float32Array;
}

/**
 * The problem of the first target that its loss cannot read: a value outside of the range from 0 to 1, one that is no
 * count, or a row for cross_entropy that is no distribution of probabilities.
 *
 * @param isRead false for rows that the loss does not read: those past the lengths, and those of weight 0.
 */
export function checkTargetValues(
  { shape, width, data }: TargetArray,
  origin: Origin,
  use: TargetUse,
  isRead: (row: number) => boolean,
): RunProblem | undefined {
  if (use.targets === "probabilities" || use.targets === "counts") {
    const index = data.findIndex((value, index) => {
      return rangeHint(use, value) !== undefined && isRead(Math.floor(index / width));
    });
    if (index < 0) return undefined;
    const value = data[index] ?? 0;
    return valueProblem({ shape }, origin, index, `${value}`, rangeHint(use, value) ?? "");
  }
  // Other losses over classes, and columns, have no rows of probabilities, which the compiler reports.
  if (use.loss !== "cross_entropy" || width === 1) return undefined;
  const rows = Array.from({ length: data.length / width }, (_, row) => row).filter(isRead);
  for (const row of rows) {
    const probabilities = data.subarray(row * width, (row + 1) * width);
    const negative = probabilities.findIndex((value) => value < 0);
    if (negative >= 0) {
      const what = `${probabilities[negative]}`;
      return valueProblem({ shape }, origin, row * width + negative, what, probabilitiesHint);
    }
    const sum = probabilities.reduce((total, value) => total + value, 0);
    if (Math.abs(sum - 1) <= SUM_TOLERANCE) continue;
    const what = `a row with the sum ${Number(sum.toPrecision(4))}`;
    return valueProblem({ shape: shape.slice(0, -1) }, origin, row, what, probabilitiesHint);
  }
  return undefined;
}

const probabilitiesHint =
  "A row of targets has one probability for each class, and the sum 1. Write class ids as integers, one for each output; " +
  "for several labels at once use binary_cross_entropy.";
