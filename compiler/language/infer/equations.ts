/** Type inference of equations, before any node is built, so that a mismatch has a position in an equation. */
import { observeReport, type Report } from "../../../schema/diagnostics/index.js";
import { printShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Shape } from "../../ir/types.js";
import { type ExpressionType, isBatched, type ShapeRules, shapeOf } from "../expression-type.js";
import type { ParsedEquation } from "../parse/equations.js";
import type { Expression } from "../parse/expression.js";
import type { EquationProblem } from "../parse/tokens.js";
import { ownValue, type ResolvedDefinition, stateNoun } from "../resolve.js";
import type { Scope } from "../scope.js";
import { allSizes, type DeclaredShapes } from "../size-expression.js";
import { inferExpression } from "./expression.js";

/** Equations that may be built in one scope. */
export interface EquationShapes {
  /** Of every expression in the equations. The type of a `split` is that of each part. */
  readonly types: ReadonlyMap<Expression, ExpressionType>;
  /** [batch, …] of each next state. */
  readonly states: ReadonlyMap<string, Shape>;
  /** [batch, width] of the output; of an activation of a number, a number. */
  readonly output: Shape;
  /** True where sizes can be compared only once the data is known: no problem was found, but no node can be built. */
  readonly isUndecided: boolean;
}

/** The scope, and the shapes of the declarations without a problem. */
export interface DeclaredScope extends Scope {
  readonly declared: DeclaredShapes;
}

/**
 * Undefined after a problem, here or in `equations`: names without a known type are skipped, so that each mistake is
 * reported once, and none hides another.
 */
export function inferEquations(
  equations: readonly ParsedEquation[],
  definition: ResolvedDefinition,
  scope: DeclaredScope,
  path: string,
  report: Report,
): EquationShapes | undefined {
  const { inputs, declared, batch, rules } = scope;
  const sizes = Object.entries(allSizes(definition, scope.sizes));
  const unknownSizes = new Map(sizes.filter(([, size]) => typeof size === "string"));
  const { report: fail, isSound } = observeReport(report);
  const types = new Map<Expression, ExpressionType>();
  const hasBatch = batch.length > 0;
  const tensor = (shape: Shape, isBatchedTensor: boolean): ExpressionType => ({
    kind: "tensor",
    shape,
    isBatched: isBatchedTensor,
  });
  const names = new Map<string, ExpressionType | undefined>([
    ...sizes.map(([name, size]): [string, ExpressionType] => [
      name,
      typeof size === "number"
        ? { kind: "number", value: size }
        : { kind: "tensor", shape: [], isBatched: false, size },
    ]),
    ...Object.entries(inputs),
    ...Object.entries(declared.inputs).map(([name, size]) => [name, tensor([...batch, size], true)] as const),
    ...Object.entries(declared.states).map(([name, shape]) => [name, tensor([...batch, ...shape], hasBatch)] as const),
    ...Object.entries(declared.parameters).map(([name, shape]) => [name, tensor(shape, false)] as const),
    ...Object.entries(definition.options).flatMap(([name, value]) =>
      typeof value === "number" ? [[name, { kind: "number", value }] as const] : [],
    ),
  ]);

  for (const { source, path: equationPath, targets, value, invalidCalls } of equations) {
    const reportProblem = (problem: EquationProblem) => fail({ ...problem, path: equationPath });
    const context = {
      definition,
      inputs,
      batch,
      rules,
      names,
      types,
      unknownSizes,
      source,
      invalidCalls,
      reportProblem,
    };
    const type = value && inferExpression(value, context);
    for (const { name, offset } of targets) {
      // A name that is declared, or set twice, keeps its first type.
      if (names.has(name)) continue;
      const state = name.slice(0, -1);
      const shape = name.endsWith("'") ? ownValue(declared.states, state) : undefined;
      if (shape === undefined || type === undefined) {
        names.set(name, type);
        continue;
      }
      const rows = asRows(type, batch, shape, rules);
      names.set(name, rows && tensor(rows, hasBatch));
      if (rows !== undefined) continue;
      const noun = stateNoun(definition.kind, state);
      const message = `${name} is ${describeType(type)}, and the ${noun} ${state} is ${printShape([...batch, ...shape])}`;
      reportProblem({ code: "shape-mismatch", message, offset });
    }
  }

  const outputEquation = equations.find(({ targets }) => targets.some(({ name }) => name === definition.output));
  const result = outputEquation && names.get(definition.output);
  const output = result && outputShape(result, scope);
  if (result !== undefined && output === undefined) {
    const expected = isOfNumbers(scope) ? "a number" : printShape([...scope.outputAxes, "width"]);
    const message = `the output ${definition.output} is ${describeType(result)}, not ${expected}`;
    const isMatrix = shapeOf(result).length > scope.outputAxes.length + 1;
    const hint = isMatrix
      ? { hint: `Write merge_heads(${definition.output}) for one axis in place of two.` }
      : result.kind === "condition"
        ? { hint: "Write where(condition, 1, 0)." }
        : result.kind === "number"
          ? { hint: `Read ${Object.keys(inputs)[0]} in it.` }
          : {};
    // Only a cell always has the key "output".
    const place =
      outputEquation === undefined || definition.kind === "cell"
        ? { path: path + definition.pointers.output, offset: 0 }
        : { path: outputEquation.path, offset: outputEquation.targets[0]?.offset ?? 0 };
    fail({ code: "shape-mismatch", message, ...place, ...hint });
  }
  if (!isSound() || output === undefined) return undefined;
  const states = new Map(Object.entries(declared.states).map(([name, shape]) => [name, [...batch, ...shape]]));
  return { types, states, output, isUndecided: rules.isUndecided() };
}

/** True for a schedule, and for an activation of a number. */
function isOfNumbers({ inputs }: Scope): boolean {
  return Object.values(inputs).every((input) => shapeOf(input).length === 0);
}

/** The shape of the output: the axes of the scope, and a width of its own; a number for an activation of a number. */
function outputShape(type: ExpressionType, scope: Scope): Shape | undefined {
  const { outputAxes, rules } = scope;
  if (isOfNumbers(scope)) return type.kind !== "condition" && shapeOf(type).length === 0 ? [] : undefined;
  const width = type.kind === "tensor" ? type.shape.at(-1) : undefined;
  return width === undefined ? undefined : asRows(type, outputAxes, [width], rules);
}

/**
 * [...leading, ...row] for a type that is that or expands to it: one row, its last axes, or a number. A single column
 * [batch, 1] is not expanded over the width: it is more often a mistake.
 */
function asRows(type: ExpressionType, leading: Shape, row: Shape, rules: ShapeRules): Shape | undefined {
  if (type.kind === "condition") return undefined;
  const shape = shapeOf(type);
  const rows = [...leading, ...row];
  if (shape.length > rows.length || (isBatched(type) && shape.length < rows.length)) return undefined;
  const missing = rows.length - shape.length;
  const fits = shape.every((dim, axis) => {
    const expected = at(rows, missing + axis);
    return missing + axis < leading.length ? dim === 1 || dim === expected : rules.unify(dim, expected) !== undefined;
  });
  return fits ? rows : undefined;
}

function describeType(type: ExpressionType): string {
  if (type.kind === "number") return "a number";
  return type.kind === "condition" ? "a condition" : printShape(type.shape);
}
