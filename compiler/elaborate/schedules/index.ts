/** Learning-rate schedules: a factor of the learning rate, from n, the updates already made (a float32 scalar). */
import type { NormalSchedule } from "../../../schema/normal.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import { cosineDecay } from "./cosine-decay.js";
import { exponentialDecay } from "./exponential-decay.js";
import { linearWarmup } from "./linear-warmup.js";
import type { ScheduleDefinition } from "./schedule.js";

const schedules: {
  readonly [K in NormalSchedule["type"]]: ScheduleDefinition<Extract<NormalSchedule, { type: K }>>;
} = {
  constant: (_, b) => b.scalar(1),
  exponential_decay: exponentialDecay,
  cosine_decay: cosineDecay,
  linear_warmup: linearWarmup,
};

export function scheduleFactor(schedule: NormalSchedule, b: Builder, n: Value): Value {
  return (schedules[schedule.type] as ScheduleDefinition<NormalSchedule>)(schedule, b, n);
}
