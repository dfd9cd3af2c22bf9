/** linear_warmup: (n + 1) / warmup_steps up to 1, so that the first update already moves. */
import type { NormalSchedule } from "../../../schema/normal.js";
import type { ScheduleDefinition } from "./schedule.js";

export const linearWarmup: ScheduleDefinition<Extract<NormalSchedule, { type: "linear_warmup" }>> = (
  { warmup_steps },
  { add, div, min },
  n,
) => min(div(add(n, 1), warmup_steps), 1);
