/** Which of two values of a metric is better. */
import type { WatchedMetric } from "../../schema/normal/index.js";

/** Whether a value is better than the best before it by more than `delta`. What is not a finite number never is. */
export function isImprovement(
  mode: WatchedMetric["mode"],
  value: number,
  best: number | undefined,
  delta: number,
): boolean {
  if (!Number.isFinite(value)) return false;
  return best === undefined || (mode === "min" ? value < best - delta : value > best + delta);
}
