/** Equations as nodes, in order. */
import type { Builder, Operand, OpMethods } from "../ir/builder.js";
import { sameShape } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Shape, Value } from "../ir/types.js";
import { type ExpressionType, shapeOf } from "./expression-type.js";
import { power } from "./functions/entries.js";
import type { Delay } from "./functions/function.js";
import type { EquationShapes } from "./infer/equations.js";
import { isVectorProduct } from "./infer/product.js";
import { type Definition, recordOrigin } from "./origins.js";
import type { Assignment } from "./parse/equations.js";
import type { BinaryExpression, BinaryOperator, Expression } from "./parse/expression.js";
import { functionOf, numericOptions, type ResolvedDefinition } from "./resolve.js";

/** Equations without a problem, with their shapes in the scope of the build. */
export interface SoundEquations {
  readonly definition: ResolvedDefinition;
  readonly equations: readonly Assignment[];
  readonly shapes: EquationShapes;
  /** The number of axes of the batch. */
  readonly batchAxes: number;
  /** Of sequences, in layers; by default their steps follow zeros. */
  readonly delay?: Delay;
  /** That of the spec, whose values messages name; absent for a built-in one. */
  readonly own?: Definition;
}

/**
 * The value of every name that the equations set. A next state has the shape of the state.
 *
 * @param operands the values of inputs, states and parameters.
 */
export function buildEquations(
  b: Builder,
  sound: SoundEquations,
  operands: Readonly<Record<string, Value>>,
): ReadonlyMap<string, Operand> {
  const { definition, equations, shapes, own } = sound;
  const names = new Map<string, Operand>([...numericOptions(definition), ...Object.entries(operands)]);
  for (const { targets, value } of equations) {
    const start = b.nodes.length;
    const results = [buildExpression(value, { b, names, sound })].flat();
    for (const [index, { name }] of targets.entries()) {
      const result = expectDefined(results[index], name);
      const state = name.endsWith("'") ? shapes.states.get(name.slice(0, -1)) : undefined;
      names.set(name, state === undefined ? result : expandTo(b, result, state));
    }
    if (own !== undefined) recordOrigin(b.nodes.slice(start), { ...own, target: at(targets, 0).name });
  }
  return names;
}

/** The output of the equations, expanded to its shape. */
export function outputOf(
  b: OpMethods,
  { definition, shapes }: SoundEquations,
  names: ReadonlyMap<string, Operand>,
): Value {
  return expandTo(b, expectDefined(names.get(definition.output), definition.output), shapes.output);
}

/** Names the values of the equations, for printing and emission. Of several names for one value the last is used. */
export function nameValues(
  b: Builder,
  equations: readonly Assignment[],
  names: ReadonlyMap<string, Operand>,
  prefix = "",
): void {
  for (const { name } of equations.flatMap(({ targets }) => targets).toReversed()) {
    const value = names.get(name);
    if (typeof value === "object") b.withName(value, `${prefix}${name}`);
  }
}

/** Expands a number, a vector or one row to a shape. */
export function expandTo(b: OpMethods, operand: Operand, shape: Shape): Value {
  if (typeof operand === "object" && sameShape(operand.type.shape, shape)) return operand;
  return b.expand(operand, shape);
}

interface BuildScope {
  readonly b: Builder;
  /** The value of each name so far. */
  readonly names: ReadonlyMap<string, Operand>;
  readonly sound: SoundEquations;
}

/** A list of values for `split`, which is always the whole right side of an equation. */
function buildExpression(expression: Expression, scope: BuildScope): Operand | readonly Value[] {
  const { b, names, sound } = scope;
  // A split is never an operand.
  const operand = (child: Expression) => buildExpression(child, scope) as Operand;
  if (expression.kind === "number") return expression.value;
  const type = typeOf(expression, scope);
  if (type.kind === "number") return type.value;
  switch (expression.kind) {
    case "name":
      return expectDefined(names.get(expression.name), expression.name);
    case "negate":
      return b.neg(operand(expression.operand) as Value);
    case "binary":
      return expression.operator === "@"
        ? buildProduct(expression, scope, operand(expression.left) as Value, operand(expression.right) as Value)
        : operators[expression.operator](b, operand(expression.left), operand(expression.right));
    case "call": {
      const called = expectDefined(functionOf(sound.definition, expression.function), expression.function);
      return called.build(
        b,
        expression.arguments.map(operand),
        type.shape,
        expression.arguments.map((argument) => typeOf(argument, scope)),
        sound.batchAxes,
        sound.delay,
        expression.formula,
      );
    }
  }
}

function typeOf(expression: Expression, { sound }: BuildScope): ExpressionType {
  return expectDefined(sound.shapes.types.get(expression), "the type of an expression");
}

/** A vector times a matrix of its own, for each of the leading axes, is a matrix of one row times that matrix. */
function buildProduct({ left, right }: BinaryExpression, scope: BuildScope, x: Value, y: Value): Value {
  const { b, sound } = scope;
  const [leftType, rightType] = [typeOf(left, scope), typeOf(right, scope)];
  const isOneMatrix = shapeOf(rightType).length === 2;
  if (isOneMatrix || !isVectorProduct(leftType, rightType, sound.batchAxes)) return b.matmul(x, y);
  const axis = x.type.shape.length - 1;
  return b.squeeze(b.matmul(b.unsqueeze(x, [axis]), y), [axis]);
}

const operators: Readonly<Record<Exclude<BinaryOperator, "@">, (b: OpMethods, x: Operand, y: Operand) => Value>> = {
  "+": (b, x, y) => b.add(x, y),
  "-": (b, x, y) => b.sub(x, y),
  "*": (b, x, y) => b.mul(x, y),
  "/": (b, x, y) => b.div(x, y),
  "^": power,
  ">": (b, x, y) => b.greater(x, y),
  "<": (b, x, y) => b.less(x, y),
  ">=": (b, x, y) => b.not(b.less(x, y)),
  "<=": (b, x, y) => b.not(b.greater(x, y)),
  "==": (b, x, y) => b.equal(x, y),
  "!=": (b, x, y) => b.not(b.equal(x, y)),
};
