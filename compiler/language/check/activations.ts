/** Checks of the activations of a spec: free names, no calls in a circle, calls of a limited size, sound equations. */
import type { Report } from "../../../schema/diagnostics/index.js";
import { quote } from "../../../schema/diagnostics/suggest.js";
import { activationCall, activationNotation } from "../../../schema/kinds/activation-notation.js";
import type { NormalActivationDefinition, NormalLayer } from "../../../schema/normal/index.js";
import { checkActivation, resolveActivation } from "../functions/activation.js";
import { type CallGraph, callGraph, isWithinLimits, maxDepth, maxOperations } from "../functions/call-graph.js";
import type { FunctionTable } from "../functions/function.js";
import { withOptions } from "../functions/index.js";
import { parseEquations } from "../parse/equations.js";
import { ownValue } from "../resolve.js";
import { checkUnused } from "./unused.js";

/** @param pathOf the JSON pointer of an activation. */
export function checkActivations(
  activations: Readonly<Record<string, NormalActivationDefinition>>,
  functions: FunctionTable,
  pathOf: (part: object) => string,
  report: Report,
): void {
  const graph = callGraph(activations, functions);
  for (const [name, activation] of Object.entries(activations)) {
    const path = pathOf(activation);
    if (functions.isBuiltIn(name) || name === "none") {
      const message = `${quote(name)} is a ${name === "none" ? "built-in activation" : "function of the equation language"} already`;
      report({ code: "name-taken", path, message, hint: "Use another name.", atKey: true });
    }
    checkCalls(name, graph, `${path}/equations`, report);
    if (!checkActivation(activation, functions, path, report)) continue;
    const resolved = resolveActivation(activation, functions);
    const { assignments = [] } = parseEquations(resolved, { inputs: { x: true }, sizes: {} }, path, () => {});
    checkUnused({ ...activation, variants: {} }, [{ resolved, equations: assignments }], path, report);
  }
}

/** Checks the activations of layers with the values of their options, where the definition has no problem of its own. */
export function checkActivationUses(
  model: readonly NormalLayer[],
  activations: Readonly<Record<string, NormalActivationDefinition>>,
  functions: FunctionTable,
  pathOf: (part: object) => string,
  report: Report,
): void {
  for (const layer of model) {
    if (!("activation" in layer) || typeof layer.activation === "string") continue;
    const call = activationCall(layer.activation);
    const own = ownValue(activations, call.type);
    if (own === undefined || !checkActivation(own, functions, "", () => {})) continue;
    const path = pathOf(layer.activation);
    // The path of the use has no equation.
    checkActivation(withOptions(own, call), functions, "", ({ offset: _, atKey: __, ...problem }) =>
      report({ ...problem, path, message: `${activationNotation(layer.activation)}: ${problem.message}` }),
    );
  }
}

/** Reports a circle, or the first activation of a chain that is too large. */
function checkCalls(name: string, graph: CallGraph, path: string, report: Report): void {
  const size = graph.sizeOf(name);
  const circle = size === undefined ? graph.circleOf(name) : undefined;
  if (circle !== undefined) {
    const message = `the activation ${quote(name)} calls itself: ${circle.join(" → ")}`;
    report({ code: "circular-call", path, message, hint: "Call only other activations." });
  }
  if (size === undefined || isWithinLimits(size)) return;
  if (!graph.calleesOf(name).every((callee) => isWithinLimits(graph.sizeOf(callee)))) return;
  const excess =
    size.operations > maxOperations
      ? `has ${size.operations} operations, with those that it calls, more than ${maxOperations}`
      : `calls activations that call others, more than ${maxDepth} deep`;
  const hint = "Write it with fewer calls of other activations.";
  report({ code: "too-many-calls", path, message: `the activation ${quote(name)} ${excess}`, hint });
}
