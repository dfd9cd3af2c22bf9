/** The rule of one operator: a node of a model as primitives. */
import type { Builder } from "../ir/builder.js";
import type { Value } from "../ir/types.js";
import type { ModelNode } from "./node.js";
import type { Operand } from "./operand.js";

export interface Lowering {
  readonly operator: string;
  /** The first and the last opset whose form of the operator is lowered. */
  readonly opsets?: readonly [number, number];
  /**
   * "exact": the derivative of the results. "zero": the results are integers, or constant in steps. "shape": the operator
   * reads shapes or builds constants.
   */
  readonly gradient?: "exact" | "zero" | "shape";
  /**
   * The outputs in order; further optional ones may be left out. Throws a Refusal where the node is beyond the rule.
   */
  readonly lower: (node: ModelNode, b: Builder) => readonly (Value | Operand | undefined)[];
}

/** A rule of an operator with one output. */
export function single(
  operator: string,
  lower: (node: ModelNode, b: Builder) => Value | Operand,
  options: Pick<Lowering, "opsets" | "gradient"> = {},
): Lowering {
  return { operator, ...options, lower: (node, b) => [lower(node, b)] };
}
