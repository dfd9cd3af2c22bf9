/** One time step of a cell as nodes: its equations in order, each value under its name in the equations. */
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

/** The operands of one step, by their names in the equations: x [batch, input], states [batch, size]. */
export interface CellOperands {
  readonly x: Value;
  readonly states: Readonly<Record<string, Value>>;
  readonly parameters: Readonly<Record<string, Value>>;
}

export interface CellStep {
  /** The next states by the states' names (no prime), [batch, size]. One may be an unchanged operand. */
  readonly states: Readonly<Record<string, Value>>;
  /** [batch, width]. May be one of the next states. */
  readonly output: Value;
}

/**
 * Builds one step of a cell. Undefined after a problem, which is reported, and where sizes that depend on the data are
 * compared before the data is known.
 *
 * @param path the JSON pointer of the cell's definition.
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
  const { equations, shapes } = analyzeCell(cell, sizes, batch, path, report);
  if (equations === undefined || shapes === undefined || shapes.isUndecided) return undefined;

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
  // Of several names for one value the last is used: c' rather than an intermediate name.
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

/** Expands a number, a vector or one row to [batch, width]. */
function expandToBatch(builder: Builder, operand: Operand, shape: Shape): Value {
  if (typeof operand === "object" && sameShape(operand.type.shape, shape)) return operand;
  return builder.expand(operand, shape);
}

interface BuildScope {
  readonly builder: Builder;
  /** The value of each name so far. */
  readonly names: ReadonlyMap<string, Operand>;
  readonly types: ReadonlyMap<Expression, ExpressionType>;
}

/** A list of values for `split`, which is always the whole right side of an equation. */
function buildExpression(expression: Expression, scope: BuildScope): Operand | readonly Value[] {
  const { builder, names, types } = scope;
  // A split is never an operand.
  const operand = (child: Expression) => buildExpression(child, scope) as Operand;
  if (expression.kind === "number") return expression.value;
  const type = expectDefined(types.get(expression), "the type of an expression");
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
