/** step_decay: a product of factors, one for each `every` updates or for each boundary that n has reached. */
import type { NormalSchedule } from "../../../schema/normal.js";
import { at } from "../../ir/present.js";
import { tensor } from "../../ir/tensor.js";
import type { ScheduleDefinition } from "./schedule.js";

export const stepDecay: ScheduleDefinition<Extract<NormalSchedule, { type: "step_decay" }>> = (schedule, b, n) => {
  const { every, factor } = schedule;
  if (every !== null && typeof factor === "number") return b.pow(factor, b.floor(b.div(n, every)));
  const boundaries = schedule.boundaries ?? [];
  const jumps = boundaries
    .map((boundary, index) => ({ boundary, by: typeof factor === "number" ? factor : at(factor, index) }))
    .sort((one, other) => one.boundary - other.boundary);
  // The factor after none, one, two, … of the jumps.
  const after = [1];
  for (const { by } of jumps) after.push(at(after, after.length - 1) * by);
  const places = tensor(
    "float32",
    [jumps.length],
    jumps.map(({ boundary }) => boundary),
  );
  const axis = n.type.shape.length;
  const reached = b.not(b.less(b.unsqueeze(n, [axis]), b.constant(places)));
  const count = b.cast(b.sum(b.cast(reached, "float32"), [axis]), "int64");
  return b.gather(b.constant(tensor("float32", [after.length], after)), count, 0);
};
