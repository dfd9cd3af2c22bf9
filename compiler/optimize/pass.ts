/** What a pass is: a named function from graph to graph that keeps every output's value. */
import { evaluateDim } from "../ir/dims.js";
import type { Dim, Graph } from "../ir/types.js";

export interface PassContext {
  /** Sizes that symbols are expected to have, for cost decisions only: results never depend on them. */
  readonly expected: ReadonlyMap<string, number>;
  /** Whether a processor with caches runs the graph, and not a device to which each call of a kernel is the cost; true by default. */
  readonly cached?: boolean;
}

/** The number that a dim is expected to be; `otherwise` where nothing is expected of one of its symbols. */
export function expectedSize(dim: Dim, { expected }: PassContext, fallback: number): number {
  return evaluateDim(dim, expected) ?? fallback;
}

export interface Pass {
  readonly name: string;
  /** One sentence for people, with before and after. */
  readonly description: string;
  run(graph: Graph, context: PassContext): Graph;
}
