/** Checks of the activations of a spec: free names, no calls in a circle, sound equations. */
import type { Report } from "../../../schema/diagnostics/index.js";
import { quote } from "../../../schema/diagnostics/suggest.js";
import type { NormalActivationDefinition } from "../../../schema/normal/index.js";
import { checkActivation, resolveActivation } from "../functions/activation.js";
import type { FunctionTable } from "../functions/function.js";
import { parseEquations } from "../parse/equations.js";
import { visit } from "../parse/expression.js";

type Activations = Readonly<Record<string, NormalActivationDefinition>>;

/** @param pathOf the JSON pointer of an activation, or of all of them. */
export function checkActivations(
  activations: Activations,
  functions: FunctionTable,
  pathOf: (part: object, key?: string) => string,
  report: Report,
): void {
  const calls = new Map(
    Object.entries(activations).map(([name, activation]) => [name, calledNames(activation, functions)]),
  );
  for (const [name, activation] of Object.entries(activations)) {
    const path = pathOf(activation);
    if (functions.isBuiltIn(name) || name === "none") {
      const message = `${quote(name)} is a ${name === "none" ? "built-in activation" : "function of the equation language"} already`;
      report({ code: "name-taken", path, message, hint: "Use another name.", atKey: true });
    }
    const circle = circleOf(name, calls);
    if (circle !== undefined) {
      const message = `the activation ${quote(name)} calls itself: ${circle.join(" → ")}`;
      report({ code: "circular-call", path: `${path}/equations`, message, hint: "Call only other activations." });
    }
    checkActivation(activation, functions, path, report);
  }
}

/** The names of the functions that the equations of an activation call, as far as they can be parsed. */
function calledNames(activation: NormalActivationDefinition, functions: FunctionTable): readonly string[] {
  const { equations } = parseEquations(
    resolveActivation(activation, functions),
    { inputs: { x: true }, sizes: {} },
    "",
    () => {},
  );
  const names: string[] = [];
  for (const { value } of equations) {
    if (value !== undefined) visit(value, (node) => node.kind === "call" && names.push(node.function));
  }
  return names;
}

/** The shortest chain of calls from an activation to itself. */
function circleOf(name: string, calls: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const seen = new Set<string>();
  let chains: readonly (readonly string[])[] = [[name]];
  while (chains.length > 0) {
    chains = chains.flatMap((chain) =>
      [...new Set(calls.get(chain.at(-1) ?? "") ?? [])]
        .filter((callee) => calls.has(callee) && !seen.has(callee))
        .map((callee) => [...chain, callee]),
    );
    const circle = chains.find((chain) => chain.at(-1) === name);
    if (circle !== undefined) return circle;
    for (const chain of chains) seen.add(chain.at(-1) ?? "");
  }
  return undefined;
}
