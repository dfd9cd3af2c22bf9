/** Type inference of a cell's equations, before any node is built, so that a mismatch has a position in an equation. */
import type { Problem, Report } from "../../../schema/diagnostics/index.js";
import { printShape } from "../../ir/dims.js";
import type { Dim, Shape } from "../../ir/types.js";
import { type ExpressionType, type ShapeRules, shapeOf, shapeRules } from "../expression-type.js";
import type { ParsedEquation } from "../parse/equations.js";
import type { Expression } from "../parse/expression.js";
import type { EquationProblem } from "../parse/tokens.js";
import type { ResolvedCell } from "../resolve-cell.js";
import type { CellSizes, DeclaredShapes } from "../size-expression.js";
import { inferExpression } from "./expression.js";

/** A cell that may be built with one batch and one set of sizes. */
export interface CellShapes {
  /** Of every expression in the equations. The type of a `split` is that of each part. */
  readonly types: ReadonlyMap<Expression, ExpressionType>;
  /** [batch, width] of each next state and of the output. */
  readonly states: ReadonlyMap<string, Shape>;
  readonly output: Shape;
  /** True where sizes can be compared only once the data is known: no problem was found, but no node can be built. */
  readonly isUndecided: boolean;
}

/** The declarations that the equations read, and the sizes of this use. */
export interface CellScope {
  readonly cell: ResolvedCell;
  readonly sizes: CellSizes;
  readonly declared: DeclaredShapes;
  readonly batch: Dim;
}

/**
 * Undefined after a problem, here or in `equations`: names without a known type are skipped, so that each mistake is
 * reported once, and none hides another.
 */
export function inferCellShapes(
  equations: readonly ParsedEquation[],
  scope: CellScope,
  path: string,
  report: Report,
): CellShapes | undefined {
  const { cell, sizes, declared, batch } = scope;
  let isSound = true;
  const fail = (problem: Problem) => {
    isSound = false;
    report(problem);
  };
  const rules = shapeRules(batch);
  const types = new Map<Expression, ExpressionType>();
  const tensor = (shape: Shape): ExpressionType => ({ kind: "tensor", shape });
  const names = new Map<string, ExpressionType | undefined>([
    ["x", tensor([batch, sizes.input_size])],
    ...Object.entries(declared.states).map(([name, size]) => [name, tensor([batch, size])] as const),
    ...Object.entries(declared.parameters).map(([name, shape]) => [name, tensor(shape)] as const),
    ...Object.entries(cell.options).flatMap(([name, value]) =>
      typeof value === "number" ? [[name, { kind: "number", value }] as const] : [],
    ),
  ]);

  for (const { source, path: equationPath, targets, value, invalidCalls } of equations) {
    const reportProblem = (problem: EquationProblem) => fail({ ...problem, path: equationPath });
    const context = { cell, batch, rules, names, types, source, invalidCalls, reportProblem };
    const type = value && inferExpression(value, context);
    for (const { name, offset } of targets) {
      // A name that is declared, or set twice, keeps its first type.
      if (names.has(name)) continue;
      const state = name.slice(0, -1);
      const width = name.endsWith("'") && Object.hasOwn(declared.states, state) ? declared.states[state] : undefined;
      if (width === undefined || type === undefined) {
        names.set(name, type);
        continue;
      }
      const row = asBatchRow(type, width, batch, rules);
      names.set(name, row && tensor(row));
      if (row !== undefined) continue;
      const message = `${name} is ${describeType(type)}, and the state ${state} is ${printShape([batch, width])}`;
      reportProblem({ code: "shape-mismatch", message, offset });
    }
  }

  const isOutputSet = equations.some(({ targets }) => targets.some(({ name }) => name === cell.output));
  const result = isOutputSet ? names.get(cell.output) : undefined;
  const width = result?.kind === "tensor" ? result.shape.at(-1) : undefined;
  const output = result && width !== undefined ? asBatchRow(result, width, batch, rules) : undefined;
  if (result !== undefined && output === undefined) {
    const message = `the output ${cell.output} is ${describeType(result)}, not ${printShape([batch, "width"])}`;
    fail({ code: "shape-mismatch", path: path + cell.pointers.output, message, offset: 0 });
  }
  if (!isSound || output === undefined) return undefined;
  const states = new Map(Object.entries(declared.states).map(([name, size]) => [name, [batch, size]]));
  return { types, states, output, isUndecided: rules.isUndecided() };
}

/**
 * [batch, width] for a type that is that or expands to it: a vector of the width, one row, or a number. A single column
 * [batch, 1] is not expanded over the width: it is more often a mistake.
 */
function asBatchRow(type: ExpressionType, width: Dim, batch: Dim, rules: ShapeRules): Shape | undefined {
  if (type.kind === "condition") return undefined;
  const shape = shapeOf(type);
  const last = shape.at(-1) ?? width;
  const rows = shape.at(-2) ?? 1;
  const fits = shape.length <= 2 && rules.unify(last, width) !== undefined && (rows === 1 || rows === batch);
  return fits ? [batch, width] : undefined;
}

function describeType(type: ExpressionType): string {
  if (type.kind === "number") return "a number";
  return type.kind === "condition" ? "a condition" : printShape(type.shape);
}
