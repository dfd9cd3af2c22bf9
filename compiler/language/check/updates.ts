/** Checks of optimizers and schedules as equations that hold for all parameters. */
import { observeReport, type Report } from "../../../schema/diagnostics/index.js";
import { quote } from "../../../schema/diagnostics/suggest.js";
import type { NormalOptimizerDefinition, NormalScheduleDefinition } from "../../../schema/normal/index.js";
import type { Shape } from "../../ir/types.js";
import { builtInFunctions, updateFunctions } from "../functions/index.js";
import type { Assignment } from "../parse/equations.js";
import { otherwise } from "../resolve.js";
import { analyzeSchedule } from "../schedule.js";
import { analyzeUpdate } from "../update.js";
import { checkVariants } from "./declarations.js";
import { oncePerProblem, optionCombinations } from "./index.js";
import { checkUnused, namesIn } from "./unused.js";

/**
 * Reports the problems of an optimizer under each variant, for matrices, or for the numbers of axes that its variants
 * name. Those of one parameter's shape are found where it is used. True without a problem.
 */
export function checkUpdate(definition: NormalOptimizerDefinition, path: string, report: Report): boolean {
  const { report: fail, isSound } = observeReport(report);
  const reportOnce = oncePerProblem(fail);
  const { rank: byRank, ...variants } = definition.variants;
  const ranks = ranksOf(Object.keys(byRank ?? {}));
  const options = { ...definition.options, ...(byRank !== undefined && { rank: 2 }) };
  checkVariants({ options, variants: definition.variants }, "optimizer", updateFunctions, path, reportOnce);
  const hasValidVariants = isSound();
  const combinations = optionCombinations({ ...definition, variants }, updateFunctions);
  const uses = [
    ...combinations.map((given) => ({ given, rank: ranks[0] ?? 2 })),
    ...ranks.slice(1).map((rank) => ({ given: definition.options, rank })),
  ];
  const analyzed = uses.flatMap(({ given, rank }) => {
    const use = { options: given, shape: symbolicShape(rank), rank, scheduled: [] };
    const { definition: resolved, equations } = analyzeUpdate(definition, use, path, reportOnce);
    return equations === undefined ? [] : [{ resolved, equations }];
  });
  if (!hasValidVariants || analyzed.length < uses.length) return isSound();
  checkUnused({ options: definition.options, variants }, analyzed, path, fail);
  const read = namesRead(analyzed);
  for (const [name, meaning] of [
    ["g", "the gradient"],
    ["rate", "the learning rate"],
  ] as const) {
    if (analyzed.some(({ equations }) => updateReads(equations, name))) continue;
    const message = `${read.has(name) ? `p' does not depend on ${name}` : `no equation reads ${name}`}: ${meaning} has no effect`;
    fail({ code: "unused-input", path: `${path}/equations`, message, hint: 'For example "p\' = p - rate * g".' });
  }
  for (const { resolved } of analyzed) {
    for (const name of Object.keys(resolved.state)) {
      if (name === "p" || read.has(name)) continue;
      reportOnce({
        code: "unused-slot",
        path: `${path}${resolved.pointers.state[name]}`,
        message: `no equation reads the slot ${quote(name)}`,
        hint: `Remove it, or read its value before the update, ${name}.`,
        atKey: true,
      });
    }
  }
  return isSound();
}

/** Reports the problems of a schedule under each variant. True without one. */
export function checkSchedule(definition: NormalScheduleDefinition, path: string, report: Report): boolean {
  const { report: fail, isSound } = observeReport(report);
  const reportOnce = oncePerProblem(fail);
  checkVariants(definition, "schedule", builtInFunctions, path, reportOnce);
  const hasValidVariants = isSound();
  const combinations = optionCombinations(definition, builtInFunctions);
  const analyzed = combinations.flatMap((options) => {
    const { definition: resolved, equations } = analyzeSchedule(definition, options, null, path, reportOnce);
    return equations === undefined ? [] : [{ resolved, equations }];
  });
  if (!hasValidVariants || analyzed.length < combinations.length) return isSound();
  checkUnused(definition, analyzed, path, fail);
  // A factor of numbers alone is meant to be constant.
  if (Object.keys(definition.options).length > 0 && !namesRead(analyzed).has("n")) {
    const hint = 'Read n, the number of updates, or remove the schedule: "factor = 1 / (1 + n / 100)".';
    const message = "no equation reads n: the factor never changes";
    fail({ code: "unused-input", path: `${path}/equations`, message, hint });
  }
  return isSound();
}

function namesRead(analyzed: readonly { readonly equations: readonly Assignment[] }[]): ReadonlySet<string> {
  return new Set(analyzed.flatMap(({ equations }) => equations.flatMap(namesIn)));
}

/** True where the parameter depends on a name, in this update or by its slots in a later one. */
function updateReads(equations: readonly Assignment[], source: string): boolean {
  const dependent = new Set([source]);
  for (let count = 0; count < dependent.size; ) {
    count = dependent.size;
    for (const equation of equations) {
      if (!namesIn(equation).some((name) => dependent.has(name) || dependent.has(`${name}'`))) continue;
      for (const target of equation.targets) dependent.add(target.name);
    }
  }
  return dependent.has("p'");
}

/** The numbers of axes that variants name, and one for the others. */
function ranksOf(keys: readonly string[]): readonly number[] {
  const named = keys.map(Number).filter((rank) => Number.isInteger(rank) && rank >= 0);
  const others = [2, 1, 3, 0].filter((rank) => !named.includes(rank));
  return keys.length === 0 ? [2] : [...named, ...others.slice(0, keys.includes(otherwise) ? 1 : 0)];
}

/** Symbols in place of sizes: a problem with these is a problem with all sizes. */
export function symbolicShape(rank: number): Shape {
  if (rank < 2) return ["size"].slice(0, rank);
  return [...Array.from({ length: rank - 2 }, (_, axis) => `axis_${axis}`), "rows", "columns"];
}
