/** Check of the patterns of parameter names in the optimizer. */
import { listFirst } from "../../../schema/counts.js";
import { nearest } from "../../../schema/diagnostics/suggest.js";
import { matchesAny, matchesPattern, patternListsOf } from "../../../schema/kinds/parameter-patterns.js";
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import type { InputPort } from "../program.js";

type Port = Pick<InputPort, "name" | "role"> & { readonly value: Value };

/** Reports patterns that match no trained parameter, and parameters with two learning rates. @param ports of training. */
export function checkParameterPatterns(optimizer: NormalOptimizer, ports: readonly Port[], context: Context): void {
  const trained = ports.filter(({ role }) => role === "parameter");
  const names = trained.map(({ name }) => name);
  const matrices = trained.filter(({ value }) => value.type.shape.length === 2).map(({ name }) => name);
  const frozen = ports.filter(({ role }) => role === "frozen").map(({ name }) => name);
  for (const { key, patterns } of patternListsOf(optimizer)) {
    for (const [index, pattern] of patterns.entries()) {
      const matches = (name: string) => matchesPattern(pattern, name);
      if ((key === "exclude" ? matrices : names).some(matches)) continue;
      const [message, hint] = names.some(matches)
        ? [`"${pattern}" matches no matrix: Adam updates those parameters anyway.`, "Remove the pattern."]
        : frozen.some(matches)
          ? [`"${pattern}" matches only frozen parameters.`, "Remove the pattern."]
          : [`"${pattern}" matches no parameter.`, hintFor(pattern, names)];
      context.problem({ part: patterns, key: String(index), code: "parameter-pattern", message, hint });
    }
  }
  checkRates(optimizer, trained, context);
}

/** The most similar name or pattern of names; otherwise the names. */
function hintFor(pattern: string, names: readonly string[]): string {
  const tails = names.map((name) => `*/${name.split("/").at(-1)}`);
  const heads = names.map((name) => `${name.split("/")[0]}/*`);
  const closest = nearest(pattern, [...new Set([...names, ...tails, ...heads])]);
  if (closest !== undefined) return `Did you mean "${closest}"?`;
  return `Parameters: ${listFirst(names, MAX_LISTED_NAMES)}.`;
}

const MAX_LISTED_NAMES = 12;

function checkRates({ rates }: NormalOptimizer, trained: readonly Port[], { problem }: Context): void {
  for (const [index, group] of rates.entries()) {
    const earlier = rates.slice(0, index).flatMap(({ parameters }) => parameters);
    const shared = trained.find(({ name }) => matchesAny(earlier, name) && matchesAny(group.parameters, name));
    if (shared === undefined) continue;
    problem({
      part: group,
      key: "parameters",
      code: "parameter-rates",
      message: `${shared.name} has two learning rates: patterns of two entries match it.`,
      hint: "Narrow the patterns, so that they match different parameters.",
    });
  }
}
