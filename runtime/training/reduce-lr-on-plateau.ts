/**
 * The plateau schedule: reduces the learning rate when a metric stops improving. A pure function of the evaluations, in
 * order.
 */
import type { NormalPlateau, NormalSchedule } from "../../schema/normal/index.js";
import type { SplitMetrics } from "../events.js";
import type { PlateauState } from "../run/training-snapshot.js";
import { isImprovement } from "./early-stopping.js";

const initialState: PlateauState = { best: null, wait: 0, cooldown: 0, scale: 1 };

/** The state after one more evaluation; null for the other schedules. */
export function updatePlateau(
  schedule: NormalSchedule,
  previous: PlateauState | null,
  { train, validation }: SplitMetrics,
): PlateauState | null {
  if (schedule.type !== "plateau") return null;
  const { metric } = schedule;
  return updateWithValue(schedule, previous ?? initialState, validation[metric] ?? train[metric] ?? Number.NaN);
}

/** As in Keras's ReduceLROnPlateau: the cooldown is counted first, and an improvement resets the wait. */
function updateWithValue(schedule: NormalPlateau, previous: PlateauState, value: number): PlateauState {
  const cooldown = Math.max(previous.cooldown - 1, 0);
  const current = previous.cooldown > 0 ? { ...previous, cooldown, wait: 0 } : previous;
  const { mode, minimum_delta } = schedule;
  if (isImprovement(mode, value, previous.best ?? undefined, minimum_delta))
    return { ...current, best: value, wait: 0 };
  if (cooldown > 0) return current;
  const wait = current.wait + 1;
  if (wait < schedule.patience) return { ...current, wait };
  const scale = Math.max(previous.scale * schedule.factor, schedule.minimum_ratio);
  return { ...current, wait: 0, cooldown: schedule.cooldown, scale };
}
