/** cosine_decay: half a cosine from 1 down to minimum_ratio over decay_steps, after a linear warm-up (I. Loshchilov, 2017). */
import type { NormalSchedule } from "../../../schema/normal.js";
import type { ScheduleDefinition } from "./schedule.js";

export const cosineDecay: ScheduleDefinition<Extract<NormalSchedule, { type: "cosine_decay" }>> = (
  { decay_steps, minimum_ratio, warmup_steps },
  { add, sub, mul, div, min, max, cos, where, less },
  n,
) => {
  const since = max(min(sub(n, warmup_steps), decay_steps), 0);
  const wave = mul(add(cos(mul(div(since, decay_steps), Math.PI)), 1), 0.5);
  const decay = add(mul(wave, 1 - minimum_ratio), minimum_ratio);
  return warmup_steps === 0 ? decay : where(less(n, warmup_steps), div(add(n, 1), warmup_steps), decay);
};
