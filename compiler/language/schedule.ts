/** A schedule as equations: the factor of the learning rate after n updates. */
import type { Report } from "../../schema/diagnostics/index.js";
import type { CellOption, EquationDefinition, NormalScheduleDefinition } from "../../schema/normal/index.js";
import type { OpMethods } from "../ir/builder.js";
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

/** The definition as equations without states and parameters. */
export function scheduleEquations({ variants, ...definition }: NormalScheduleDefinition): EquationDefinition {
  const nothing = { parameters: {}, initializers: {} };
  return {
    ...nothing,
    ...{ ...definition, output: "factor", onnx: null },
    variants: mapVariants(variants, ({ equations }) => ({ ...nothing, equations, output: null })),
  };
}

/** Reports all problems of a schedule. `path` is the JSON pointer of its definition. */
export function analyzeSchedule(
  source: NormalScheduleDefinition,
  options: Readonly<Record<string, CellOption | object>>,
  path: string,
  report: Report,
): AnalyzedSchedule {
  const definition = resolveDefinition(scheduleEquations(source), options, builtInFunctions, "schedule");
  return { definition, ...analyze(definition, scheduleScope(), path, report) };
}

/** The factor after n updates, one number or several. @param source sound for these options. */
export function buildFactor(
  source: NormalScheduleDefinition,
  options: Readonly<Record<string, CellOption | object>>,
  b: OpMethods,
  n: Value,
): Value {
  const analyzed = analyzeSchedule(source, options, "", ({ message }) => {
    throw new Error(`a schedule without a problem has one: ${message}`);
  });
  const sound = {
    definition: analyzed.definition,
    equations: expectDefined(analyzed.equations, "the equations of a schedule"),
    shapes: expectDefined(analyzed.shapes, "the shapes of a schedule's equations"),
    batchAxes: 0,
  };
  return asValue(b, expectDefined(buildEquations(b, sound, { n }).get("factor"), "factor"));
}
