/** The learning rate's fall when a metric has stopped getting better: a pure function of the evaluations, in their order. */
import type { NormalPlateau, NormalSchedule } from "../../schema/normal/index.js";
import type { SplitMetrics } from "../events.js";
import { isImprovement } from "./is-improvement.js";

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

const initialState: PlateauState = { best: null, waited: 0, cooling: 0, scale: 1 };

/** The state after one more evaluation; null for schedules that watch none. */
export function updatePlateau(
  schedule: NormalSchedule,
  previous: PlateauState | null,
  { train, validation }: SplitMetrics,
): PlateauState | null {
  if (schedule.type !== "plateau") return null;
  const { metric } = schedule;
  return updateWithValue(schedule, previous ?? initialState, validation[metric] ?? train[metric] ?? Number.NaN);
}

/** As Keras's ReduceLROnPlateau: the cool-down is counted first, and what gets better ends the wait. */
function updateWithValue(schedule: NormalPlateau, previous: PlateauState, value: number): PlateauState {
  const cooling = Math.max(previous.cooling - 1, 0);
  const current = previous.cooling > 0 ? { ...previous, cooling, waited: 0 } : previous;
  const { mode, minimum_delta } = schedule;
  if (isImprovement(mode, value, previous.best ?? undefined, minimum_delta))
    return { ...current, best: value, waited: 0 };
  if (cooling > 0) return current;
  const waited = current.waited + 1;
  if (waited < schedule.patience) return { ...current, waited };
  const scale = Math.max(previous.scale * schedule.factor, schedule.minimum_ratio);
  return { ...current, waited: 0, cooling: schedule.cooldown, scale };
}
