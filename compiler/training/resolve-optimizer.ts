/** The optimizer of a spec with the definitions that its names refer to. */
import type {
  NormalCustomOptimizer,
  NormalCustomSchedule,
  NormalOptimizer,
  NormalOptimizerDefinition,
  NormalSchedule,
  NormalScheduleDefinition,
  NormalSpec,
} from "../../schema/normal/index.js";
import { expectDefined } from "../ir/expect.js";
import { ownValue } from "../language/resolve.js";
import { stepsAfterWarmup } from "../language/schedule.js";

export type ResolvedSchedule =
  | Exclude<NormalSchedule, NormalCustomSchedule>
  | (NormalCustomSchedule & {
      readonly definition: NormalScheduleDefinition;
      /** The updates of the run after the warmup; null where its length is in epochs. */
      readonly totalSteps: number | null;
    });

type WithSchedule<O> = O extends NormalOptimizer
  ? Omit<O, "schedule"> & { readonly schedule: ResolvedSchedule }
  : never;

export type ResolvedOptimizer =
  | WithSchedule<Exclude<NormalOptimizer, NormalCustomOptimizer>>
  | (WithSchedule<NormalCustomOptimizer> & { readonly definition: NormalOptimizerDefinition });

export function resolveOptimizer({
  optimizer,
  optimizers,
  schedules,
  train,
}: Pick<NormalSpec, "optimizer" | "optimizers" | "schedules" | "train">): ResolvedOptimizer {
  const schedule = resolveSchedule(optimizer.schedule, schedules, train.steps);
  if (optimizer.type !== "custom") return { ...optimizer, schedule };
  const definition = expectDefined(ownValue(optimizers, optimizer.name), `the optimizer ${optimizer.name}`);
  return { ...optimizer, schedule, definition };
}

function resolveSchedule(
  schedule: NormalSchedule,
  schedules: NormalSpec["schedules"],
  steps: number | null,
): ResolvedSchedule {
  if (schedule.type !== "custom") return schedule;
  return {
    ...schedule,
    definition: expectDefined(ownValue(schedules, schedule.name), `the schedule ${schedule.name}`),
    totalSteps: stepsAfterWarmup(steps, schedule.warmup_steps),
  };
}
