/** The learning-rate schedules, by their type in specs. */
import type { NormalSchedule } from "../../../schema/normal/index.js";
import type { Builder, Operand } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import { constant } from "./constant.js";
import { cosineDecay } from "./cosine-decay.js";
import { exponentialDecay } from "./exponential-decay.js";
import { inverseSqrt } from "./inverse-sqrt.js";
import { cycledMomentum, oneCycle } from "./one-cycle.js";
import { polynomialDecay } from "./polynomial-decay.js";
import type { ScheduleDefinition } from "./schedule.js";
import { stepDecay } from "./step-decay.js";

const schedules: {
  readonly [K in NormalSchedule["type"]]: ScheduleDefinition<Extract<NormalSchedule, { type: K }>>;
} = {
  constant,
  linear_warmup: constant,
  exponential_decay: exponentialDecay,
  cosine_decay: cosineDecay,
  step_decay: stepDecay,
  polynomial_decay: polynomialDecay,
  inverse_sqrt: inverseSqrt,
  one_cycle: oneCycle,
  // The run lowers the rate by the input `rate_scale`, after evaluations.
  plateau: constant,
};

/**
 * The factor of a schedule after n updates, with its warmup: over the first `warmup_steps` updates it rises linearly,
 * from 1 / warmup_steps; the schedule counts from their end.
 */
export function scheduleFactor(schedule: NormalSchedule, b: Builder, n: Value): Value {
  const factor = schedules[schedule.type] as ScheduleDefinition<NormalSchedule>;
  const warmup = "warmup_steps" in schedule ? schedule.warmup_steps : 0;
  if (warmup === 0) return factor(schedule, b, n);
  const warmupFactor = b.min(b.div(b.add(n, 1), warmup), 1);
  return b.mul(warmupFactor, factor(schedule, b, b.max(b.sub(n, warmup), 0)));
}

/** The momentum after n updates, of an optimizer with this momentum (or beta1). */
export function scheduledMomentum(schedule: NormalSchedule, b: Builder, n: Value, momentum: number): Operand {
  if (schedule.type !== "one_cycle" || schedule.minimum_momentum === null) return momentum;
  return cycledMomentum(schedule, b, n, momentum, schedule.minimum_momentum);
}
