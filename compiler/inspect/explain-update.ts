/** Explanation of the optimizer and the schedule of a spec: equations, slots with their shapes, options, sources. */
import { builtInSchedules } from "../../schema/built-in.js";
import { definition } from "../../schema/json-schema.js";
import { nameOf } from "../../schema/kinds/optimizers.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Shape } from "../ir/types.js";
import { symbolicShape } from "../language/check/updates.js";
import { shapeOf } from "../language/expression-type.js";
import { analyzeSchedule } from "../language/schedule.js";
import { analyzeUpdate } from "../language/update.js";
import { optionsOf } from "../training/optimizers/equations.js";
import { definitionOf, optimizerFor } from "../training/optimizers/index.js";
import { resolveOptimizer } from "../training/resolve-optimizer.js";
import { scheduleDefinitionOf, scheduleOptions } from "../training/schedules/index.js";
import { type LayerEquation, line } from "./equation-lines.js";

/** The update of parameters with equal equations, options and numbers of axes. */
export interface UpdateExplanation {
  /** The type in the spec, or the name of one of the user's own. */
  readonly optimizer: string;
  readonly description: string;
  /** Publication of a built-in optimizer. */
  readonly source: string | null;
  readonly parameters: readonly { readonly name: string; readonly shape: Shape }[];
  readonly equations: readonly LayerEquation[];
  readonly slots: readonly { readonly name: string; readonly initial: number; readonly shape: Shape }[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly learningRate: number;
}

export interface ScheduleExplanation {
  readonly schedule: string;
  readonly description: string;
  readonly source: string | null;
  readonly equations: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly warmupSteps: number;
}

/** The updates of the trained parameters, in groups. */
export function explainOptimizer(
  spec: Pick<NormalSpec, "optimizer" | "optimizers" | "schedules" | "train">,
  trained: readonly { readonly name: string; readonly shape: readonly number[] }[],
): readonly UpdateExplanation[] {
  const optimizer = resolveOptimizer(spec);
  const groups = new Map<string, UpdateExplanation>();
  for (const { name, shape } of trained) {
    const used = optimizerFor(optimizer, name, shape);
    const rank = shape.length;
    const source = definitionOf(used);
    const use = { options: optionsOf(used), shape: symbolicShape(rank), rank, scheduled: [] };
    const { definition: resolved, equations = [], shapes, slots } = analyzeUpdate(source, use, "", () => {});
    const lines = equations.map(({ source: text, value }) => {
      const type = shapes?.types.get(value);
      return line(text, type === undefined ? [] : shapeOf(type));
    });
    const key = JSON.stringify([nameOf(used), lines, resolved.options, rank]);
    const group = groups.get(key);
    groups.set(key, {
      optimizer: nameOf(used),
      description: source.description,
      source: used.type === "custom" ? null : (definition(used.type)["x-source"] ?? null),
      equations: lines,
      slots,
      options: resolved.options,
      learningRate: used.learning_rate,
      parameters: [...(group?.parameters ?? []), { name, shape }],
    });
  }
  return [...groups.values()];
}

/** The schedule of a spec. One that is no file of equations has those of the reference. */
export function explainSchedule(
  spec: Pick<NormalSpec, "optimizer" | "optimizers" | "schedules" | "train">,
): ScheduleExplanation {
  const { schedule } = resolveOptimizer(spec);
  const isFile = schedule.type === "custom" || builtInSchedules().includes(schedule.type);
  const file = isFile ? scheduleDefinitionOf(schedule) : undefined;
  const resolved = file && analyzeSchedule(file, scheduleOptions(schedule), null, "", () => {}).definition;
  const { type: _, warmup_steps: warmupSteps = 0, ...given } = { warmup_steps: 0, ...schedule };
  const schema = schedule.type === "custom" ? undefined : definition(schedule.type);
  return {
    schedule: nameOf(schedule),
    description: file?.description || (schema?.description ?? ""),
    source: schema?.["x-source"] ?? null,
    equations: resolved?.equations ?? schema?.["x-equation"]?.split(";  ") ?? [],
    options: resolved?.options ?? given,
    warmupSteps,
  };
}
