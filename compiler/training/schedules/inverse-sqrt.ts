/**
 * inverse_sqrt: 1 / √(1 + n / decay_steps); with warmup_steps = decay_steps the schedule of A. Vaswani et al., 2017.
 */
import type { NormalSchedule } from "../../../schema/normal/index.js";
import type { ScheduleDefinition } from "./schedule.js";

export const inverseSqrt: ScheduleDefinition<Extract<NormalSchedule, { type: "inverse_sqrt" }>> = (
  { decay_steps },
  { add, div, sqrt },
  n,
) => div(1, sqrt(add(div(n, decay_steps), 1)));
