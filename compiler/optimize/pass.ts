/** A pass: a named function from graph to graph that preserves the value of every output. */
import type { Graph } from "../ir/types.js";
import type { Target } from "./target/target.js";

/** The forms of a linear recurrence. */
export const recurrenceForms = ["loop", "scan", "chunkwise"] as const;
export type RecurrenceForm = (typeof recurrenceForms)[number];

export interface PassContext {
  /** Expected values of symbolic dims, for cost decisions only: results never depend on them. */
  readonly expected: ReadonlyMap<string, number>;
  /** The opset of an exported model, which bounds its operators; without it there are those of training only. */
  readonly opset?: number;
  /** The device that runs the graph, for cost decisions only; the CPU by default. */
  readonly target?: Target;
  /** The form of every linear recurrence that has it; by default the fastest by the costs of the target. */
  readonly recurrence?: RecurrenceForm | undefined;
  /** The result is differentiated: costs include those of the gradient. */
  readonly precedesGradient?: boolean;
}

export interface Pass {
  /** Kebab-case, the field's term. */
  readonly name: string;
  /** One sentence with an example: before → after. */
  readonly description: string;
  /** Passes whose output this pass matches or builds on: in a pipeline that has both, they run first. */
  readonly after?: readonly string[];
  /**
   * Passes that find nothing new in the result of this one: in a fixpoint they do not run again because of it. A pass
   * that reaches its own fixpoint names itself.
   */
  readonly preserves?: readonly string[];
  /** Returns the same graph when nothing changed. */
  run(graph: Graph, context: PassContext): Graph;
}
