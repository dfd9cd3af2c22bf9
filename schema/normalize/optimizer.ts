/** The optimizer in full: some defaults depend on whose arithmetic is asked for. */
import { propertyOf, specSchema } from "../contract.js";
import type { Report } from "../diagnostics.js";
import type { NormalOptimizer, NormalSchedule } from "../normal.js";
import type { Mark } from "../origins.js";
import { child } from "../pointer.js";
import type { Spec } from "../spec.types.js";
import { fill } from "./fill.js";
import { modeOf } from "./train.js";

const path = "/optimizer";

const adam = { epsilon: { tensorflow: 1e-8, torch: 1e-8, keras: 1e-7 } };

type Varied = Extract<NormalOptimizer, { readonly variant: string }>["type"];

/** For each optimizer, for each key, its default by variant. The schema says the same in words. */
const byVariant: Readonly<Record<Varied, Readonly<Record<string, Readonly<Record<string, number>>>>>> = {
  rmsprop: { epsilon: { tensorflow: 1e-10, torch: 1e-8, keras: 1e-7 } },
  adagrad: { initial_accumulator_value: { tensorflow: 0.1, torch: 0 }, epsilon: { tensorflow: 0, torch: 1e-10 } },
  adam,
  adamw: { ...adam, weight_decay: { tensorflow: 0.01, torch: 0.01, keras: 0.004 } },
  nadam: { ...adam, momentum_decay: { torch: 0.004, keras: 1 } },
};

export function normalizeOptimizer(optimizer: Spec["optimizer"], mark: Mark, report: Report): NormalOptimizer {
  const schema = propertyOf(specSchema(), "optimizer");
  const filled = fill<NormalOptimizer>(optimizer, schema, path, mark);
  const schedule = normalizeSchedule(filled.schedule, mark, report);
  if (!("variant" in filled)) return mark({ ...filled, schedule }, path);
  const { variant } = filled;
  const defaults = Object.entries(byVariant[filled.type]).map(([key, values]) => [key, values[variant]]);
  return mark({ ...Object.fromEntries(defaults), ...filled, schedule }, path);
}

function normalizeSchedule(schedule: NormalSchedule, mark: Mark, report: Report): NormalSchedule {
  const place = child(path, "schedule");
  if (schedule.type === "plateau") return mark({ ...schedule, mode: schedule.mode ?? modeOf(schedule.metric) }, place);
  if (schedule.type !== "step_decay" || typeof schedule.factor === "number") return schedule;
  const { boundaries, factor } = schedule;
  const complain = (message: string, hint: string): void =>
    report({ code: "factor-count", path: child(place, "factor"), message, hint });
  if (boundaries === null) complain('With "every" all jumps have one factor, and this is a list.', "Write one number.");
  else if (boundaries.length !== factor.length)
    complain(
      `There are ${boundaries.length} boundaries, but ${factor.length} factors.`,
      "Give one factor for each boundary, or one number for all.",
    );
  return schedule;
}
