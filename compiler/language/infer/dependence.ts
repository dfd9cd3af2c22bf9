/** The names that depend on one name, and those that depend on it with a derivative that is not 0 everywhere. */
import type { Assignment } from "../parse/equations.js";
import { type Expression, visit } from "../parse/expression.js";

export interface Dependence {
  readonly dependent: ReadonlySet<string>;
  readonly differentiable: ReadonlySet<string>;
  /** All names that equations read. */
  readonly read: ReadonlySet<string>;
  /** Names that are indices of gather without a floor or another step function. */
  readonly indices: ReadonlySet<string>;
}

/** Functions that are constant almost everywhere. */
const steps: ReadonlySet<string> = new Set(["sign", "floor", "one_hot", "argmax"]);
const comparisons: ReadonlySet<string> = new Set([">", "<", ">=", "<=", "==", "!="]);

export function dependence(equations: readonly Assignment[], source: string): Dependence {
  const dependent = new Set([source]);
  const differentiable = new Set([source]);
  const read = new Set<string>();
  const indices = new Set<string>();
  for (const { targets, value } of equations) {
    const names = namesIn(value);
    const smooth = smoothNames(value);
    for (const name of names) read.add(name);
    for (const name of indexNames(value)) indices.add(name);
    for (const { name } of targets) {
      if (names.some((other) => dependent.has(other))) dependent.add(name);
      if (smooth.some((other) => differentiable.has(other))) differentiable.add(name);
    }
  }
  return { dependent, differentiable, read, indices };
}

function namesIn(expression: Expression): readonly string[] {
  const names: string[] = [];
  visit(expression, (node) => {
    if (node.kind === "name") names.push(node.name);
  });
  return names;
}

function indexNames(expression: Expression): readonly string[] {
  const names: string[] = [];
  visit(expression, (node) => {
    if (node.kind === "call" && node.function === "gather") names.push(...node.arguments.slice(1).flatMap(smoothNames));
  });
  return names;
}

/** The names outside of comparisons and of functions that are constant almost everywhere. */
function smoothNames(expression: Expression): readonly string[] {
  switch (expression.kind) {
    case "number":
      return [];
    case "name":
      return [expression.name];
    case "negate":
      return smoothNames(expression.operand);
    case "binary":
      if (comparisons.has(expression.operator)) return [];
      return [...smoothNames(expression.left), ...smoothNames(expression.right)];
    case "call": {
      if (steps.has(expression.function)) return [];
      const args = expression.function === "gather" ? expression.arguments.slice(0, 1) : expression.arguments;
      return args.flatMap(smoothNames);
    }
  }
}
