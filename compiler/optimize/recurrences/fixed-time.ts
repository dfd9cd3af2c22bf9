/** Loops that take another form once the number of time steps is fixed. */
import type { Graph } from "../../ir/types.js";
import { hasSmallLoop, unrollSmallLoops } from "../loops/unroll.js";
import { type PassContext, recurrenceForms } from "../pass.js";
import { associativeScan, hasParallelizableLoop } from "./associative-scan.js";
import { hasSolvableLoop, solveRecurrences } from "./solve-recurrences.js";

/** True where a loop takes another form once the number of time steps is fixed: that of a recurrence, or its steps. */
export function gainsFromFixedTime(
  graph: Graph,
  context: PassContext,
  disabledPasses: readonly string[] = [],
): boolean {
  const isUnrolled = !disabledPasses.includes(unrollSmallLoops.name) && hasSmallLoop(graph, context);
  return isUnrolled || hasOtherForm(graph, context, disabledPasses);
}

/** True where a recurrence takes another form than its loop. */
function hasOtherForm(graph: Graph, context: PassContext, disabledPasses: readonly string[] = []): boolean {
  return (
    (!disabledPasses.includes(associativeScan.name) && hasParallelizableLoop(graph, context)) ||
    (!disabledPasses.includes(solveRecurrences.name) && hasSolvableLoop(graph, context))
  );
}

/** True where a recurrence has some other form, were it chosen. */
export function hasLinearRecurrence(graph: Graph, context: PassContext): boolean {
  return recurrenceForms.some((recurrence) => hasOtherForm(graph, { ...context, recurrence }));
}

/** A notice that names the loops of a graph without a solution in the requested form; none where all have one. */
export function formNotices(graph: Graph, context: PassContext): readonly string[] {
  const loops = graph.nodes.filter((node) => node.op === "Scan");
  const kept = loops.filter((node) => !hasOtherForm({ ...graph, nodes: [node] }, context));
  if (kept.length === 0) return [];
  const names = kept.map(({ attributes }) => attributes.body.name).join(", ");
  const [has, keeps] = kept.length === 1 ? ["has", "keeps its loop"] : ["have", "keep their loops"];
  return [`--recurrence ${context.recurrence}: ${names} ${has} no recurrence of this form, and ${keeps}.`];
}
