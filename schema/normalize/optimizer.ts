/** The optimizer in full: some defaults depend on whose arithmetic is asked for. */

import type { Report } from "../diagnostics/index.js";
import type { RecordOrigin } from "../diagnostics/source-map.js";
import { child } from "../json-pointer.js";
import { propertyOf, specSchema } from "../json-schema.js";
import type { NormalOptimizer, NormalSchedule } from "../normal/index.js";
import type { Spec } from "../spec.types.js";
import { fillDefaults } from "./fill.js";
import { modeOf } from "./train.js";

const path = "/optimizer";

const adam = { epsilon: { tensorflow: 1e-8, torch: 1e-8, keras: 1e-7 } };

type VariantOptimizer = Extract<NormalOptimizer, { readonly variant: string }>["type"];

/** For each optimizer, for each key, its default by variant. The schema says the same in words. */
const defaultsByVariant: Readonly<
  Record<VariantOptimizer, Readonly<Record<string, Readonly<Record<string, number>>>>>
> = {
  rmsprop: { epsilon: { tensorflow: 1e-10, torch: 1e-8, keras: 1e-7 } },
  adagrad: { initial_accumulator_value: { tensorflow: 0.1, torch: 0 }, epsilon: { tensorflow: 0, torch: 1e-10 } },
  adam,
  adamw: { ...adam, weight_decay: { tensorflow: 0.01, torch: 0.01, keras: 0.004 } },
  nadam: { ...adam, momentum_decay: { torch: 0.004, keras: 1 } },
};

export function normalizeOptimizer(
  optimizer: Spec["optimizer"],
  recordOrigin: RecordOrigin,
  report: Report,
): NormalOptimizer {
  const schema = propertyOf(specSchema(), "optimizer");
  const normal = fillDefaults<NormalOptimizer>(optimizer, schema, path, recordOrigin);
  const schedule = normalizeSchedule(normal.schedule, recordOrigin, report);
  if (!("variant" in normal)) return recordOrigin({ ...normal, schedule }, path);
  const { variant } = normal;
  const defaults = Object.entries(defaultsByVariant[normal.type]).map(([key, values]) => [key, values[variant]]);
  return recordOrigin({ ...Object.fromEntries(defaults), ...normal, schedule }, path);
}

function normalizeSchedule(schedule: NormalSchedule, recordOrigin: RecordOrigin, report: Report): NormalSchedule {
  const schedulePath = child(path, "schedule");
  if (schedule.type === "plateau")
    return recordOrigin({ ...schedule, mode: schedule.mode ?? modeOf(schedule.metric) }, schedulePath);
  if (schedule.type !== "step_decay" || typeof schedule.factor === "number") return schedule;
  const { boundaries, factor } = schedule;
  const reportMismatch = (message: string, hint: string): void =>
    report({ code: "factor-count", path: child(schedulePath, "factor"), message, hint });
  if (boundaries === null)
    reportMismatch('With "every" all jumps have one factor, and this is a list.', "Write one number.");
  else if (boundaries.length !== factor.length)
    reportMismatch(
      `There are ${boundaries.length} boundaries, but ${factor.length} factors.`,
      "Give one factor for each boundary, or one number for all.",
    );
  return schedule;
}
