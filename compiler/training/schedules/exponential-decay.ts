/** exponential_decay: decay_rate^(n / decay_steps); with staircase the exponent is floored. */
import type { NormalSchedule } from "../../../schema/normal/index.js";
import type { ScheduleDefinition } from "./schedule.js";

export const exponentialDecay: ScheduleDefinition<Extract<NormalSchedule, { type: "exponential_decay" }>> = (
  { decay_steps, decay_rate, staircase },
  { div, floor, pow },
  n,
) => {
  const exponent = div(n, decay_steps);
  return pow(decay_rate, staircase ? floor(exponent) : exponent);
};
