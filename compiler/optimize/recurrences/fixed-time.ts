/** Recurrences that have another form than a loop once the number of time steps is fixed. */
import type { Graph } from "../../ir/types.js";
import { type PassContext, recurrenceForms } from "../pass.js";
import { associativeScan, hasParallelizableLoop } from "./associative-scan.js";
import { hasSolvableLoop, solveRecurrences } from "./solve-recurrences.js";

/** True where a recurrence takes another form than its loop once the number of time steps is fixed. */
export function gainsFromFixedTime(
  graph: Graph,
  context: PassContext,
  disabledPasses: readonly string[] = [],
): boolean {
  return (
    (!disabledPasses.includes(associativeScan.name) && hasParallelizableLoop(graph, context)) ||
    (!disabledPasses.includes(solveRecurrences.name) && hasSolvableLoop(graph, context))
  );
}

/** True where a recurrence has some other form, were it chosen. */
export function hasLinearRecurrence(graph: Graph, context: PassContext): boolean {
  return recurrenceForms.some((recurrence) => gainsFromFixedTime(graph, { ...context, recurrence }));
}
