/**
 * step_decay: a product of factors, one for each `every` updates or for each boundary that n has reached. In code, because
 * the boundaries are a list, whose factors are multiplied in order in float64.
 */
import type { NormalSchedule } from "../../../schema/normal/index.js";
import { at } from "../../ir/expect.js";
import { tensor } from "../../ir/tensor.js";
import type { ScheduleDefinition } from "./schedule.js";

export const stepDecay: ScheduleDefinition<Extract<NormalSchedule, { type: "step_decay" }>> = (schedule, b, n) => {
  const { every, factor } = schedule;
  if (every !== null && typeof factor === "number") return b.pow(factor, b.floor(b.div(n, every)));
  const boundaries = schedule.boundaries ?? [];
  const jumps = boundaries
    .map((boundary, index) => ({ boundary, by: typeof factor === "number" ? factor : at(factor, index) }))
    .sort((one, other) => one.boundary - other.boundary);
  // The factor after 0, 1, 2, … of the jumps.
  const cumulative = [1];
  for (const { by } of jumps) cumulative.push(at(cumulative, cumulative.length - 1) * by);
  const thresholds = tensor(
    "float32",
    [jumps.length],
    jumps.map(({ boundary }) => boundary),
  );
  const axis = n.type.shape.length;
  const isReached = b.not(b.less(b.unsqueeze(n, [axis]), b.constant(thresholds)));
  const count = b.cast(b.sum(b.cast(isReached, "float32"), [axis]), "int64");
  return b.gather(b.constant(tensor("float32", [cumulative.length], cumulative)), count, 0);
};
