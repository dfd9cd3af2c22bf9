/** Checks of definitions that hold for all sizes. */
import { observeReport, type Report } from "../../../schema/diagnostics/index.js";
import type { CellOption, EquationDefinition } from "../../../schema/normal/index.js";
import { analyze } from "../analyze.js";
import type { FunctionTable } from "../functions/function.js";
import { withInputSizes } from "../inputs.js";
import { checkMapping } from "../onnx-mapping.js";
import { type DefinitionKind, otherwise, ownValue, resolveDefinition, type VariedOptions } from "../resolve.js";
import { rowScope, type Scope } from "../scope.js";
import { checkVariants } from "./declarations.js";
import { checkUnused } from "./unused.js";

/** Scopes with symbols in place of sizes: a problem with these is a problem with all sizes. */
const symbolicScopes = {
  cell: () => rowScope({ hidden_size: "hidden_size", input_size: "input_size" }, ["batch"]),
  layer: (definition: EquationDefinition) =>
    rowScope(withInputSizes(definition, { input_size: "input_size" }), ["batch"]),
};

/** Definitions without problems, which are not checked again. */
const soundDefinitions = new WeakSet<EquationDefinition>();

/**
 * Checks the definition at `path` under its default options, and again with each variant that they do not select. Sizes
 * that differ only for some `hidden_size` or input are found when a step is built. True if a step can be built: an
 * unused parameter or option is a problem, but hides no other.
 */
export function checkDefinition(
  definition: EquationDefinition,
  kind: "cell" | "layer",
  functions: FunctionTable,
  path: string,
  report: Report,
): boolean {
  if (soundDefinitions.has(definition)) return true;
  const isSound = checkInScope(definition, kind, functions, () => symbolicScopes[kind](definition), path, report);
  if (isSound === "sound") soundDefinitions.add(definition);
  return isSound !== "unsound";
}

/**
 * The same check in the scopes that a function opens.
 *
 * @returns "unused" where no problem is found but a parameter or option that nothing reads.
 */
export function checkInScope(
  definition: EquationDefinition,
  kind: DefinitionKind,
  functions: FunctionTable,
  openScope: () => Scope,
  path: string,
  report: Report,
): "sound" | "unused" | "unsound" {
  const { report: fail, isSound } = observeReport(report);
  const reportOnce = oncePerProblem(fail);
  checkVariants(definition, kind, functions, path, reportOnce);
  const hasValidVariants = isSound();
  checkMapping(definition, path, reportOnce);
  const combinations = optionCombinations(definition, functions);
  const analyzed = combinations.flatMap((options) => {
    const resolved = resolveDefinition(definition, options, functions, kind);
    const { equations } = analyze(resolved, openScope(), path, reportOnce);
    return equations === undefined ? [] : [{ resolved, equations }];
  });
  // After a misspelled name or variant, a declaration may only look unused.
  const isReadable = hasValidVariants && analyzed.length === combinations.length;
  const hasNoProblems = !isReadable || checkUnused(definition, analyzed, path, report);
  if (!isSound()) return "unsound";
  return hasNoProblems ? "sound" : "unused";
}

/** The defaults, then each variant that they do not select, one at a time. */
export function optionCombinations(
  definition: VariedOptions,
  functions: FunctionTable,
): readonly Readonly<Record<string, CellOption>>[] {
  const others = Object.entries(definition.variants).flatMap(([option, variants]) => {
    const defaultValue = ownValue(definition.options, option);
    if (defaultValue === undefined) return [];
    const values = Object.keys(variants).filter((value) => value !== String(defaultValue));
    return values.map((value) => ({
      ...definition.options,
      [option]: optionValue(value, defaultValue, values, functions),
    }));
  });
  return [definition.options, ...others];
}

/** The report without repetitions: combinations of options share equations. */
export function oncePerProblem(report: Report): Report {
  const reported = new Set<string>();
  return (problem) => {
    const key = JSON.stringify([problem.path, problem.offset, problem.message]);
    if (reported.has(key)) return;
    reported.add(key);
    report(problem);
  };
}

/** The option's value for a variant's key, in the type of the default. `keys` are the option's other variants. */
function optionValue(
  key: string,
  defaultValue: CellOption,
  keys: readonly string[],
  functions: FunctionTable,
): CellOption {
  if (typeof defaultValue === "boolean") return key === "true";
  if (typeof defaultValue === "number") return key === otherwise ? numberWithoutVariant(keys) : Number(key);
  if (key !== otherwise) return key;
  const taken = [...keys, defaultValue];
  return functions.names.find((name) => functions.get(name)?.arity[1] === 1 && !taken.includes(name)) ?? key;
}

/** A number without a variant. It may be a size, so it is an integer with many divisors. */
function numberWithoutVariant(keys: readonly string[]): number {
  let number = 5040;
  while (keys.includes(String(number))) number += 5040;
  return number;
}
