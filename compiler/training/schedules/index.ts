/** The learning-rate schedules, by their type in specs. */

import { builtInSchedule } from "../../../schema/built-in.js";
import { definition } from "../../../schema/json-schema.js";
import type { CellOption, NormalScheduleDefinition } from "../../../schema/normal/index.js";
import { fillDefaults } from "../../../schema/normalize/fill.js";
import type { Builder, Operand } from "../../ir/builder.js";
import { expectDefined } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { buildSchedule, factorIn, type ScheduleNames } from "../../language/schedule.js";
import type { ResolvedSchedule } from "../resolve-optimizer.js";
import { cycledMomentum } from "./one-cycle.js";
import type { ScheduleDefinition } from "./schedule.js";
import { stepDecay } from "./step-decay.js";

type Custom = Extract<ResolvedSchedule, { type: "custom" }>;

/** Code, or the file of specs/schedules with the equations. */
const schedules: {
  readonly [K in Exclude<ResolvedSchedule, Custom>["type"]]:
    | ScheduleDefinition<Extract<ResolvedSchedule, { type: K }>>
    | string;
} = {
  constant: "constant",
  linear_warmup: "constant",
  exponential_decay: "exponential_decay",
  cosine_decay: "cosine_decay",
  step_decay: stepDecay,
  polynomial_decay: "polynomial_decay",
  inverse_sqrt: "inverse_sqrt",
  one_cycle: "one_cycle",
  // The run lowers the rate by the input `rate_scale`, after evaluations.
  plateau: "constant",
};

const builtIn = new Map<string, NormalScheduleDefinition>();

/** The equations of a schedule and its options; undefined for one in code. */
export function scheduleDefinitionOf(schedule: ResolvedSchedule): NormalScheduleDefinition | undefined {
  if (schedule.type === "custom") return schedule.definition;
  const name = schedules[schedule.type];
  if (typeof name !== "string") return undefined;
  const known = builtIn.get(name);
  if (known !== undefined) return known;
  const file = expectDefined(builtInSchedule(name), name);
  const filled = fillDefaults<NormalScheduleDefinition>(file, definition("schedule_definition"), "", (part) => part);
  builtIn.set(name, filled);
  return filled;
}

/** The options of a schedule by name: for one of the user's own those of its use. */
export function scheduleOptions(schedule: ResolvedSchedule): Readonly<Record<string, CellOption | object>> {
  return schedule.type === "custom" ? schedule.options : (schedule as object as Readonly<Record<string, CellOption>>);
}

function namesAfter(
  schedule: ResolvedSchedule,
  equations: NormalScheduleDefinition,
  b: Builder,
  n: Value,
): ScheduleNames {
  const totalSteps = schedule.type === "custom" ? schedule.totalSteps : null;
  return buildSchedule(equations, scheduleOptions(schedule), totalSteps, b, n);
}

function factorOf(schedule: ResolvedSchedule, b: Builder, n: Value): Value {
  const equations = scheduleDefinitionOf(schedule);
  if (equations !== undefined) return factorIn(namesAfter(schedule, equations, b, n), b);
  const code = schedules[(schedule as Exclude<ResolvedSchedule, Custom>).type] as ScheduleDefinition<ResolvedSchedule>;
  return code(schedule, b, n);
}

/**
 * The factor of a schedule after n updates, with its warmup: over the first `warmup_steps` updates it rises linearly,
 * from 1 / warmup_steps; the schedule counts from their end.
 */
export function scheduleFactor(schedule: ResolvedSchedule, b: Builder, n: Value): Value {
  const warmup = "warmup_steps" in schedule ? schedule.warmup_steps : 0;
  if (warmup === 0) return factorOf(schedule, b, n);
  const warmupFactor = b.min(b.div(b.add(n, 1), warmup), 1);
  return b.mul(warmupFactor, factorOf(schedule, b, b.max(b.sub(n, warmup), 0)));
}

/** The momentum after n updates, of an optimizer with this momentum (or beta1). */
export function scheduledMomentum(schedule: ResolvedSchedule, b: Builder, n: Value, momentum: number): Operand {
  if (schedule.type !== "one_cycle" || schedule.minimum_momentum === null) return momentum;
  const equations = expectDefined(scheduleDefinitionOf(schedule), "the equations of one_cycle");
  return cycledMomentum(namesAfter(schedule, equations, b, n), b, momentum, schedule.minimum_momentum);
}
