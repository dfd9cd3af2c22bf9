/** The learning rate's fall when a metric has stopped getting better: a pure function of the evaluations, in their order. */
import type { NormalPlateau, NormalSchedule } from "../schema/normal.js";
import { isBetter } from "./better.js";
import type { SplitMetrics } from "./events.js";

/** JSON, as a part of a checkpoint's state. */
export interface PlateauState {
  /** The best value so far; null before there was one. */
  readonly best: number | null;
  /** Evaluations since the best one, or since the last fall. */
  readonly waited: number;
  /** Evaluations that are still not counted. */
  readonly cooling: number;
  /** What the learning rate is multiplied by now. */
  readonly scale: number;
}

const start: PlateauState = { best: null, waited: 0, cooling: 0, scale: 1 };

/** The state after one more evaluation; null for schedules that watch none. */
export function afterEvaluation(
  schedule: NormalSchedule,
  before: PlateauState | null,
  { train, validation }: SplitMetrics,
): PlateauState | null {
  if (schedule.type !== "plateau") return null;
  const { metric } = schedule;
  return afterValue(schedule, before ?? start, validation[metric] ?? train[metric] ?? Number.NaN);
}

/** As Keras's ReduceLROnPlateau: the cool-down is counted first, and what gets better ends the wait. */
function afterValue(schedule: NormalPlateau, before: PlateauState, value: number): PlateauState {
  const cooling = Math.max(before.cooling - 1, 0);
  const settled = before.cooling > 0 ? { ...before, cooling, waited: 0 } : before;
  const { mode, minimum_delta } = schedule;
  if (isBetter(mode, value, before.best ?? undefined, minimum_delta)) return { ...settled, best: value, waited: 0 };
  if (cooling > 0) return settled;
  const waited = settled.waited + 1;
  if (waited < schedule.patience) return { ...settled, waited };
  const scale = Math.max(before.scale * schedule.factor, schedule.minimum_ratio);
  return { ...settled, waited: 0, cooling: schedule.cooldown, scale };
}
