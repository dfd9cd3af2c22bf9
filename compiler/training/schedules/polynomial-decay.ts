/**
 * polynomial_decay: (1 - n / decay_steps)^power from 1 down to minimum_ratio. In code, because whole powers of equations are
 * products, whose bits differ.
 */
import type { NormalSchedule } from "../../../schema/normal/index.js";
import type { ScheduleDefinition } from "./schedule.js";

export const polynomialDecay: ScheduleDefinition<Extract<NormalSchedule, { type: "polynomial_decay" }>> = (
  { decay_steps, minimum_ratio, power },
  { add, sub, mul, div, min, pow },
  n,
) => {
  const remaining = sub(1, div(min(n, decay_steps), decay_steps));
  return add(mul(power === 1 ? remaining : pow(remaining, power), 1 - minimum_ratio), minimum_ratio);
};
