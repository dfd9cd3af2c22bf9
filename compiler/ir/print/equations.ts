/** Nodes as equations: a value that is read once is written in place, every other value has a line. */

import { at } from "../expect.js";
import { numberedNames } from "../names.js";
import type { Node, Value } from "../types.js";
import { atom, type InfixExpression, isOnes, resultExpressions } from "./infix.js";

export interface EquationScope {
  /** Names of values computed elsewhere, and of values that must have one. Grows as lines are written. */
  readonly names: Map<Value, string>;
  /** Returns an unused name. */
  readonly fresh: (hint: string) => string;
  /** Values that are read more than once. */
  readonly repeated: ReadonlySet<Value>;
  /** Values that are read at all. */
  readonly read: ReadonlySet<Value>;
  /** Values that are written in place. Grows as lines are written. */
  readonly inline: Map<Value, InfixExpression>;
}

/**
 * The scope of some nodes.
 *
 * @param names of values that must have one; it grows.
 * @param results values that are read after the nodes.
 */
export function equationScope(
  names: Map<Value, string>,
  nodes: readonly Node[],
  results: readonly Value[],
  fresh = numberedNames(names.values()),
): EquationScope {
  const reads = [...nodes.flatMap(({ inputs }) => inputs), ...results];
  const repeated = new Set(reads.filter((value, index) => reads.indexOf(value) < index));
  return { names, fresh, read: new Set(reads), repeated, inline: new Map() };
}

/** The name of a value in a scope that is not written in place; a value without one gets it here. */
export function nameInScope({ names, fresh }: EquationScope, value: Value, hint: string): string {
  const name = names.get(value) ?? fresh(value.name ?? hint);
  names.set(value, name);
  return name;
}

/** The expression of a value: in place, else its name. */
export function expressionInScope(scope: EquationScope, value: Value, hint: string): InfixExpression {
  return scope.inline.get(value) ?? atom(nameInScope(scope, value, hint));
}

/**
 * Names the results of nodes before their lines are written.
 *
 * @param names of the results, in order.
 * @returns the lines of results that are inputs, or other results under another name.
 */
export function nameResults(
  scope: EquationScope,
  results: readonly Value[],
  names: readonly string[],
): readonly string[] {
  return results.flatMap((result, index) => {
    const [name, existing] = [at(names, index), scope.names.get(result)];
    if (existing !== undefined) return [`${name} = ${existing}`];
    scope.names.set(result, name);
    return [];
  });
}

/**
 * The lines of nodes, in order. A value that has no name in `scope.names` is written in place where that is short; one
 * that nothing reads has no line.
 */
export function infixLines(nodes: readonly Node[], scope: EquationScope): readonly string[] {
  const operandOf = (value: Value): InfixExpression => expressionInScope(scope, value, "a");
  const lines: string[] = [];
  for (const node of nodes) {
    const expressions = resultExpressions(node, node.inputs.map(operandOf));
    const expression = at(expressions, 0);
    const [first] = node.outputs;
    if (node.outputs.length === 1 && first !== undefined && isInlined(node, first, expression, scope)) {
      scope.inline.set(first, expression);
      continue;
    }
    const isRead = (output: Value) => scope.read.has(output);
    const targetOf = (output: Value) => nameInScope(scope, output, "t");
    if (expressions.length > 1) {
      for (const [index, output] of node.outputs.entries())
        if (isRead(output)) lines.push(`${targetOf(output)} = ${at(expressions, index).text}`);
    } else if (node.outputs.some(isRead)) lines.push(`${node.outputs.map(targetOf).join(", ")} = ${expression.text}`);
  }
  return lines;
}

/**
 * Scalar constants, ones, values that are read once and short atoms are inlined; a value that a cell's equation names is not.
 */
function isInlined(node: Node, output: Value, expression: InfixExpression, scope: EquationScope): boolean {
  if (scope.names.has(output)) return false;
  if (node.op === "Constant") return node.attributes.value.shape.length === 0 || isOnes(node.attributes.value);
  if (output.name !== undefined) return false;
  // A name with another axis is as short as the name.
  const { text, precedence } = (expression.inserted ?? expression.removed)?.of ?? expression;
  return !scope.repeated.has(output) || (precedence === 4 && text.length <= 12);
}
