/** The optimizer with its defaults, and its schedule. */

import type { Report } from "../diagnostics/index.js";
import type { RecordOrigin } from "../diagnostics/source-map.js";
import { child } from "../json-pointer.js";
import { propertyOf, specSchema } from "../json-schema.js";
import { type Directions, directionOf } from "../kinds/metrics.js";
import { momentumOf, nameOf } from "../kinds/optimizers.js";
import type {
  NormalCustomOptimizer,
  NormalCustomSchedule,
  NormalOptimizer,
  NormalSchedule,
  NormalSpec,
} from "../normal/index.js";
import type { Spec } from "../spec.types.js";
import { fillDefaults } from "./fill.js";

const path = "/optimizer";

/** The definitions of a spec, and the directions of its own metrics. */
interface OptimizerDefinitions extends Pick<NormalSpec, "optimizers" | "schedules"> {
  readonly directions: Directions;
}

export function normalizeOptimizer(
  optimizer: Spec["optimizer"],
  definitions: OptimizerDefinitions,
  recordOrigin: RecordOrigin,
  report: Report,
): NormalOptimizer {
  const schema = propertyOf(specSchema(), "optimizer");
  const filled = fillDefaults<NormalOptimizer>(optimizer, schema, path, recordOrigin);
  const normal = filled.type === "custom" ? withDefaultOptions(filled, definitions.optimizers) : filled;
  const schedule = normalizeSchedule(normal.schedule, definitions, recordOrigin, report);
  reportUnusedDecay(normal, report);
  checkMomentumCycle(normal, report);
  checkAverage(optimizer, report);
  return recordOrigin({ ...normal, schedule }, path);
}

/** A use with the options of its definition that it does not give. */
function withDefaultOptions<T extends NormalCustomOptimizer | NormalCustomSchedule>(
  use: T,
  definitions: Readonly<Record<string, { readonly options: T["options"] }>>,
): T {
  return { ...use, options: { ...definitions[use.name]?.options, ...use.options } };
}

function reportUnusedDecay(optimizer: NormalOptimizer, report: Report): void {
  if (!("no_decay" in optimizer) || optimizer.no_decay.length === 0) return;
  const decay = optimizer.type === "custom" ? optimizer.options.weight_decay : optimizer.weight_decay;
  if (decay === undefined) {
    const message = `"no_decay" has no effect: ${nameOf(optimizer)} has no option "weight_decay".`;
    const hint = "Remove it, or add the option, with equations that read it, to the optimizer.";
    report({ code: "no-decay", path: child(path, "no_decay"), message, hint });
    return;
  }
  if (decay !== 0) return;
  report({
    code: "no-decay",
    path: child(path, "no_decay"),
    message: '"no_decay" has no effect: weight_decay is 0.',
    hint: 'Give a "weight_decay", or remove "no_decay".',
  });
}

function normalizeSchedule(
  schedule: NormalSchedule,
  { schedules, directions }: OptimizerDefinitions,
  recordOrigin: RecordOrigin,
  report: Report,
): NormalSchedule {
  const schedulePath = child(path, "schedule");
  if (schedule.type === "plateau")
    return recordOrigin({ ...schedule, mode: schedule.mode ?? directionOf(schedule.metric, directions) }, schedulePath);
  if (schedule.type === "custom") return recordOrigin(withDefaultOptions(schedule, schedules), schedulePath);
  if (schedule.type !== "step_decay" || typeof schedule.factor === "number") return schedule;
  const { boundaries, factor } = schedule;
  const reportMismatch = (message: string, hint: string): void =>
    report({ code: "factor-count", path: child(schedulePath, "factor"), message, hint });
  if (boundaries === null)
    reportMismatch('"every" needs one factor for all jumps, but "factor" is a list.', "Write one number.");
  else if (boundaries.length !== factor.length)
    reportMismatch(
      `There are ${boundaries.length} boundaries, but ${factor.length} factors.`,
      "Give one factor for each boundary, or one number for all.",
    );
  return schedule;
}

/** The momentum of a cycle falls from the optimizer's to a smaller one. */
function checkMomentumCycle(optimizer: NormalOptimizer, report: Report): void {
  const { schedule } = optimizer;
  if (schedule.type !== "one_cycle" || schedule.minimum_momentum === null) return;
  const momentum = momentumOf(optimizer);
  if (momentum !== undefined && schedule.minimum_momentum < momentum) return;
  const options = optimizer.type === "custom" ? optimizer.options : optimizer;
  const key = "beta1" in options ? "beta1" : "momentum";
  report({
    code: "minimum-momentum",
    path: child(child(path, "schedule"), "minimum_momentum"),
    message:
      momentum === undefined
        ? `"minimum_momentum" has no effect: ${nameOf(optimizer)} has no momentum.`
        : `"minimum_momentum" must be smaller than the ${key} ${momentum} of ${nameOf(optimizer)}.`,
    hint:
      momentum === undefined
        ? 'Remove it, or use "momentum" or "adam".'
        : `Write a smaller number, or a larger "${key}".`,
  });
}

/** A mean with equal weights would keep the initial weights forever: its start has to be chosen. */
function checkAverage({ average }: Spec["optimizer"], report: Report): void {
  if (average === null || average === undefined) return;
  if (typeof average.decay === "number" || average.start !== undefined) return;
  report({
    code: "average-start",
    path: child(path, "average"),
    message: 'An average needs a "decay" or, for a mean with equal weights, a "start".',
    hint: 'For example { "decay": 0.999 }, or { "start": 1500, "every": 100 }.',
  });
}
