/** A schedule as equations: the factor of the learning rate after n updates. */
import type { Report } from "../../schema/diagnostics/index.js";
import type { CellOption, EquationDefinition, NormalScheduleDefinition } from "../../schema/normal/index.js";
import type { Builder, Operand } from "../ir/builder.js";
import { expectDefined } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { type Analysis, analyze } from "./analyze.js";
import { buildEquations } from "./build.js";
import { asValue } from "./functions/function.js";
import { builtInFunctions } from "./functions/index.js";
import { type ResolvedDefinition, resolveDefinition } from "./resolve.js";
import { scheduleScope } from "./scope.js";
import { mapVariants } from "./update.js";

export interface AnalyzedSchedule extends Analysis {
  readonly definition: ResolvedDefinition;
}

/** total_steps of a schedule, whose n counts from the end of the warmup; null where the length of the run is in epochs. */
export function stepsAfterWarmup(steps: number | null, warmup: number): number | null {
  return steps === null ? null : Math.max(steps - warmup, 1);
}

/** The definition as equations without states and parameters. */
function scheduleEquations({ variants, ...definition }: NormalScheduleDefinition): EquationDefinition {
  const nothing = { parameters: {}, initializers: {} };
  return {
    ...nothing,
    ...{ ...definition, output: "factor", onnx: null },
    variants: mapVariants(variants, ({ equations }) => ({ ...nothing, equations, output: null })),
  };
}

/**
 * Reports all problems of a schedule. `path` is the JSON pointer of its definition.
 *
 * @param totalSteps the updates of the run after the warmup; null where they are not known.
 */
export function analyzeSchedule(
  source: NormalScheduleDefinition,
  options: Readonly<Record<string, CellOption | object>>,
  totalSteps: number | null,
  path: string,
  report: Report,
): AnalyzedSchedule {
  const definition = resolveDefinition(scheduleEquations(source), options, builtInFunctions, "schedule");
  return { definition, ...analyze(definition, scheduleScope(source, totalSteps), path, report) };
}

/** The values of the equations of a schedule, by name. */
export type ScheduleNames = ReadonlyMap<string, Operand>;

/** The factor after n updates, one number or several, from the equations' names. */
export function factorIn(names: ScheduleNames, b: Builder): Value {
  return asValue(b, expectDefined(names.get("factor"), "factor"));
}

/** The equations after n updates, one number or several. @param source sound for these options and steps. */
export function buildSchedule(
  source: NormalScheduleDefinition,
  options: Readonly<Record<string, CellOption | object>>,
  totalSteps: number | null,
  b: Builder,
  n: Value,
): ScheduleNames {
  const analyzed = analyzeSchedule(source, options, totalSteps, "", ({ message }) => {
    throw new Error(`a schedule without a problem has one: ${message}`);
  });
  const sound = {
    definition: analyzed.definition,
    equations: expectDefined(analyzed.equations, "the equations of a schedule"),
    shapes: expectDefined(analyzed.shapes, "the shapes of a schedule's equations"),
    batchAxes: 0,
  };
  return buildEquations(b, sound, { n });
}
