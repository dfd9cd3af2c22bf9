/** One step of a cell as nodes: its equations built in order, each value named as the equations name it. */
import type { Report } from "../../schema/diagnostics.js";
import type { Builder, Expressions, Operand } from "../ir/builder.js";
import { sameShape } from "../ir/dims.js";
import { at, present } from "../ir/present.js";
import type { Shape, Value } from "../ir/types.js";
import type { ResolvedCell } from "./cell.js";
import type { BinaryOperator, Expression } from "./expression.js";
import { functionOf } from "./functions.js";
import type { Meaning } from "./meaning.js";
import { readCell } from "./read.js";
import type { CellSizes } from "./sizes.js";

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
export function lowerCell(
  cell: ResolvedCell,
  sizes: CellSizes,
  builder: Builder,
  operands: CellOperands,
  report: Report,
  path: string,
): CellStep | undefined {
  const batch = at(operands.x.type.shape, 0);
  const read = readCell(cell, sizes, batch, path, report);
  if (read === undefined || read.shapes.undecided) return undefined;
  const { equations, shapes } = read;

  const names = new Map<string, Operand>([
    ...Object.entries(cell.options).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
    ["x", operands.x],
    ...Object.entries(operands.parameters),
    ...Object.entries(operands.states),
  ]);
  for (const { targets, value } of equations) {
    const results = [buildExpression(value, { builder, names, meanings: shapes.meanings })].flat();
    for (const [index, { name }] of targets.entries()) {
      const result = present(results[index], name);
      const state = name.endsWith("'") ? shapes.states.get(name.slice(0, -1)) : undefined;
      const fitted = state === undefined ? result : toRows(builder, result, state);
      names.set(name, fitted);
    }
  }
  // Where a value has several names the last one stays: c' rather than what it was called on the way.
  for (const { name } of equations.flatMap(({ targets }) => targets).toReversed()) {
    const value = names.get(name);
    if (typeof value === "object") builder.named(value, name);
  }
  const result = (name: string, shape: Shape) => toRows(builder, present(names.get(name), name), shape);
  return {
    states: Object.fromEntries([...shapes.states].map(([name, shape]) => [name, result(`${name}'`, shape)])),
    output: result(cell.output, shapes.output),
  };
}

/** Repeats a number, a vector or a row for each row of the batch. */
function toRows(builder: Builder, operand: Operand, shape: Shape): Value {
  if (typeof operand === "object" && sameShape(operand.type.shape, shape)) return operand;
  return builder.expand(operand, shape);
}

interface Building {
  readonly builder: Builder;
  /** What each name is so far. */
  readonly names: ReadonlyMap<string, Operand>;
  readonly meanings: ReadonlyMap<Expression, Meaning>;
}

/** A list for a `split`, which is the whole right side of its equation. */
function buildExpression(expression: Expression, building: Building): Operand | readonly Value[] {
  const { builder, names, meanings } = building;
  // A split is no part of an expression.
  const operand = (part: Expression) => buildExpression(part, building) as Operand;
  if (expression.kind === "number") return expression.value;
  const meaning = present(meanings.get(expression), "the meaning of an expression");
  if (meaning.kind === "number") return meaning.value;
  switch (expression.kind) {
    case "name":
      return present(names.get(expression.name), expression.name);
    case "negate":
      return builder.neg(operand(expression.operand) as Value);
    case "binary":
      return operators[expression.operator](builder, operand(expression.left), operand(expression.right));
    case "call": {
      const known = present(functionOf(expression.function), expression.function);
      return known.build(builder, expression.arguments.map(operand), meaning.shape);
    }
  }
}

const operators: Readonly<Record<BinaryOperator, (b: Expressions, x: Operand, y: Operand) => Value>> = {
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
