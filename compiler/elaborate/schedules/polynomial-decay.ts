/** polynomial_decay: (1 - n / decay_steps)^power from 1 down to minimum_ratio. */
import type { NormalSchedule } from "../../../schema/normal.js";
import type { ScheduleDefinition } from "./schedule.js";

export const polynomialDecay: ScheduleDefinition<Extract<NormalSchedule, { type: "polynomial_decay" }>> = (
  { decay_steps, minimum_ratio, power },
  { add, sub, mul, div, min, pow },
  n,
) => {
  const left = sub(1, div(min(n, decay_steps), decay_steps));
  return add(mul(power === 1 ? left : pow(left, power), 1 - minimum_ratio), minimum_ratio);
};
