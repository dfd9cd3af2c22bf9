/** One step of a cell as nodes: its equations built in order, each value named as the equations name it. */
import type { Report } from "../../schema/diagnostics/index.js";
import type { Builder, Operand, OpMethods } from "../ir/builder.js";
import { sameShape } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Shape, Value } from "../ir/types.js";
import { analyzeCell } from "./analyze.js";
import type { ExpressionType } from "./expression-type.js";
import { functionOf } from "./functions.js";
import type { BinaryOperator, Expression } from "./parse/expression.js";
import type { ResolvedCell } from "./resolve-cell.js";
import type { CellSizes } from "./size-expression.js";

/** What one step reads, by the names of the equations: x is [batch, input], states are [batch, size]. */
export interface CellOperands {
  readonly x: Value;
  readonly states: Readonly<Record<string, Value>>;
  readonly parameters: Readonly<Record<string, Value>>;
}

export interface CellStep {
  /** The next states by the states' names (no prime), [batch, size]. One may be an operand as it came. */
  readonly states: Readonly<Record<string, Value>>;
  /** [batch, width]. May be one of the next states. */
  readonly output: Value;
}

/**
 * Builds one step of a cell whose definition stands at `path`. Undefined when the cell is wrong, which is reported, and
 * when sizes that only the data knows meet others, so that nothing can be built yet.
 */
export function buildCellStep(
  cell: ResolvedCell,
  sizes: CellSizes,
  builder: Builder,
  operands: CellOperands,
  report: Report,
  path: string,
): CellStep | undefined {
  const batch = at(operands.x.type.shape, 0);
  const analysis = analyzeCell(cell, sizes, batch, path, report);
  if (analysis === undefined || analysis.shapes.isUndecided) return undefined;
  const { equations, shapes } = analysis;

  const names = new Map<string, Operand>([
    ...Object.entries(cell.options).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
    ["x", operands.x],
    ...Object.entries(operands.parameters),
    ...Object.entries(operands.states),
  ]);
  for (const { targets, value } of equations) {
    const results = [buildExpression(value, { builder, names, types: shapes.types })].flat();
    for (const [index, { name }] of targets.entries()) {
      const result = expectDefined(results[index], name);
      const state = name.endsWith("'") ? shapes.states.get(name.slice(0, -1)) : undefined;
      const expanded = state === undefined ? result : expandToBatch(builder, result, state);
      names.set(name, expanded);
    }
  }
  // Where a value has several names the last one stays: c' rather than what it was called on the way.
  for (const { name } of equations.flatMap(({ targets }) => targets).toReversed()) {
    const value = names.get(name);
    if (typeof value === "object") builder.withName(value, name);
  }
  const result = (name: string, shape: Shape) => expandToBatch(builder, expectDefined(names.get(name), name), shape);
  return {
    states: Object.fromEntries([...shapes.states].map(([name, shape]) => [name, result(`${name}'`, shape)])),
    output: result(cell.output, shapes.output),
  };
}

/** Repeats a number, a vector or a row for each row of the batch. */
function expandToBatch(builder: Builder, operand: Operand, shape: Shape): Value {
  if (typeof operand === "object" && sameShape(operand.type.shape, shape)) return operand;
  return builder.expand(operand, shape);
}

interface BuildScope {
  readonly builder: Builder;
  /** What each name is so far. */
  readonly names: ReadonlyMap<string, Operand>;
  readonly types: ReadonlyMap<Expression, ExpressionType>;
}

/** A list for a `split`, which is the whole right side of its equation. */
function buildExpression(expression: Expression, scope: BuildScope): Operand | readonly Value[] {
  const { builder, names, types } = scope;
  // A split is no part of an expression.
  const operand = (child: Expression) => buildExpression(child, scope) as Operand;
  if (expression.kind === "number") return expression.value;
  const type = expectDefined(types.get(expression), "the meaning of an expression");
  if (type.kind === "number") return type.value;
  switch (expression.kind) {
    case "name":
      return expectDefined(names.get(expression.name), expression.name);
    case "negate":
      return builder.neg(operand(expression.operand) as Value);
    case "binary":
      return operators[expression.operator](builder, operand(expression.left), operand(expression.right));
    case "call": {
      const cellFunction = expectDefined(functionOf(expression.function), expression.function);
      return cellFunction.build(builder, expression.arguments.map(operand), type.shape);
    }
  }
}

const operators: Readonly<Record<BinaryOperator, (b: OpMethods, x: Operand, y: Operand) => Value>> = {
  "+": (b, x, y) => b.add(x, y),
  "-": (b, x, y) => b.sub(x, y),
  "*": (b, x, y) => b.mul(x, y),
  "/": (b, x, y) => b.div(x, y),
  "@": (b, x, y) => b.matmul(x as Value, y as Value),
  ">": (b, x, y) => b.greater(x, y),
  "<": (b, x, y) => b.less(x, y),
  ">=": (b, x, y) => b.not(b.less(x, y)),
  "<=": (b, x, y) => b.not(b.greater(x, y)),
  "==": (b, x, y) => b.equal(x, y),
  "!=": (b, x, y) => b.not(b.equal(x, y)),
};
