/** What a pass is: a named function from graph to graph that keeps every output's value. */
import type { Graph } from "../ir/types.js";

export interface PassContext {
  /** Sizes that symbols are expected to have, for cost decisions only: results never depend on them. */
  readonly expected: ReadonlyMap<string, number>;
}

export interface Pass {
  readonly name: string;
  /** One sentence for people, with before and after. */
  readonly description: string;
  run(graph: Graph, context: PassContext): Graph;
}
