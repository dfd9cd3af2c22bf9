/** cosine_decay: half a cosine from 1 down to minimum_ratio over decay_steps (I. Loshchilov and F. Hutter, 2017). */
import type { NormalSchedule } from "../../../schema/normal/index.js";
import type { ScheduleDefinition } from "./schedule.js";

export const cosineDecay: ScheduleDefinition<Extract<NormalSchedule, { type: "cosine_decay" }>> = (
  { decay_steps, minimum_ratio },
  { add, mul, div, min, cos },
  n,
) => {
  const wave = mul(add(cos(mul(div(min(n, decay_steps), decay_steps), Math.PI)), 1), 0.5);
  return add(mul(wave, 1 - minimum_ratio), minimum_ratio);
};
