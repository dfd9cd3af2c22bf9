/** Type inference of expressions, from the types of names. A mismatch is reported at its operator, with a hint. */
import { printShape } from "../../ir/dims.js";
import { expectDefined } from "../../ir/expect.js";
import type { Dim } from "../../ir/types.js";
import { type ExpressionType, isShapeMismatch, type ShapeRules, shapeOf } from "../expression-type.js";
import { functionOf } from "../functions.js";
import type { BinaryExpression, BinaryOperator, CallExpression, Expression } from "../parse/expression.js";
import type { EquationProblem } from "../parse/tokens.js";
import { ownValue, type ResolvedCell } from "../resolve-cell.js";

export interface InferenceContext {
  readonly cell: ResolvedCell;
  readonly batch: Dim;
  readonly rules: ShapeRules;
  /** The type of each name; undefined after a problem that is already reported. */
  readonly names: ReadonlyMap<string, ExpressionType | undefined>;
  /** The types of all expressions without a problem, which inference adds. */
  readonly types: Map<Expression, ExpressionType>;
  /** Calls whose problem is already reported. */
  readonly invalidCalls: ReadonlySet<Expression>;
  /** The text of the equation, for offsets. */
  readonly source: string;
  readonly reportProblem: (problem: EquationProblem) => void;
}

/** Undefined after a problem, which is reported once: expressions that depend on it are skipped. */
export function inferExpression(expression: Expression, context: InferenceContext): ExpressionType | undefined {
  const type = inferUnchecked(expression, context);
  if (type?.kind === "number" && !Number.isFinite(type.value)) {
    const message = `${excerpt(expression, context)} is not a finite number`;
    context.reportProblem({ code: "argument", message, offset: expression.offset });
    return undefined;
  }
  if (type !== undefined) context.types.set(expression, type);
  return type;
}

function inferUnchecked(expression: Expression, context: InferenceContext): ExpressionType | undefined {
  switch (expression.kind) {
    case "number":
      return { kind: "number", value: expression.value };
    case "name":
      return context.names.get(expression.name);
    case "negate": {
      const operand = inferOperand(expression.operand, context);
      return operand?.kind === "number" ? { kind: "number", value: -operand.value } : operand;
    }
    case "binary":
      return inferBinary(expression, context);
    case "call":
      return inferCall(expression, context);
  }
}

/** The type of an operand, which must not be a condition. */
function inferOperand(
  expression: Expression,
  context: InferenceContext,
): Exclude<ExpressionType, { kind: "condition" }> | undefined {
  const type = inferExpression(expression, context);
  if (type?.kind !== "condition") return type;
  context.reportProblem({
    code: "argument",
    message: `${excerpt(expression, context)} is a condition, not a number`,
    hint: 'A condition is the first argument of where: "where(a > b, a, b)".',
    offset: expression.offset,
  });
  return undefined;
}

function inferCall(call: CallExpression, context: InferenceContext): ExpressionType | undefined {
  if (context.invalidCalls.has(call)) {
    for (const argument of call.arguments) inferExpression(argument, context);
    return undefined;
  }
  const cellFunction = expectDefined(functionOf(call.function), call.function);
  const args = call.arguments.map((argument, index) =>
    index < cellFunction.conditionCount ? inferCondition(argument, context) : inferOperand(argument, context),
  );
  const argumentTypes = args.filter((arg) => arg !== undefined);
  if (argumentTypes.length < args.length) return undefined;
  const result = cellFunction.infer(argumentTypes, context.rules);
  if (result.kind !== "error") return result;
  const offender = call.arguments[result.argument ?? -1] ?? call;
  const message = `${excerpt(offender, context)}: ${result.message}`;
  context.reportProblem({ code: result.code, message, offset: offender.offset });
  return undefined;
}

function inferCondition(expression: Expression, context: InferenceContext): ExpressionType | undefined {
  const type = inferExpression(expression, context);
  if (type === undefined || type.kind === "condition") return type;
  context.reportProblem({
    code: "argument",
    message: `${excerpt(expression, context)} is not a condition`,
    hint: "Write a comparison with > < >= <= == or !=.",
    offset: expression.offset,
  });
  return undefined;
}

const arithmetic: Readonly<Partial<Record<BinaryOperator, (x: number, y: number) => number>>> = {
  "+": (x, y) => x + y,
  "-": (x, y) => x - y,
  "*": (x, y) => x * y,
  "/": (x, y) => x / y,
};

function inferBinary(expression: BinaryExpression, context: InferenceContext): ExpressionType | undefined {
  const { operator, operatorOffset: offset } = expression;
  const left = inferOperand(expression.left, context);
  const right = inferOperand(expression.right, context);
  if (left === undefined || right === undefined) return undefined;
  if (operator === "@") return inferProduct(expression, left, right, context);
  const fold = arithmetic[operator];
  if (left.kind === "number" && right.kind === "number") {
    if (fold !== undefined) return { kind: "number", value: fold(left.value, right.value) };
    const message = `${excerpt(expression, context)} compares two numbers`;
    context.reportProblem({ code: "argument", message, hint: "Compare a tensor: this result never changes.", offset });
    return undefined;
  }
  const shape = context.rules.broadcast([shapeOf(left), shapeOf(right)]);
  if (!isShapeMismatch(shape)) return { kind: fold === undefined ? "condition" : "tensor", shape };
  const [a, b] = shape.sizes;
  const shapes = `${printShape(shapeOf(left))} and ${printShape(shapeOf(right))}`;
  const message = `${excerpt(expression, context)}: ${shapes}: the sizes ${a} and ${b} differ`;
  const axisOf = (type: ExpressionType) => shapeOf(type).length - 1 - shape.axisFromLast;
  const hint =
    declarationHint(expression.right, axisOf(right), a, [expression.left, axisOf(left)], context) ??
    declarationHint(expression.left, axisOf(left), b, [expression.right, axisOf(right)], context);
  context.reportProblem({ code: "shape-mismatch", message, offset, ...(hint !== undefined && { hint }) });
  return undefined;
}

/** [rows, inner] @ [inner, columns]. */
function inferProduct(
  expression: BinaryExpression,
  left: ExpressionType,
  right: ExpressionType,
  context: InferenceContext,
): ExpressionType | undefined {
  const fail = (message: string, hint: string | undefined): undefined => {
    const problem = { code: "shape-mismatch", message: `${excerpt(expression, context)}: ${message}` };
    context.reportProblem({ ...problem, offset: expression.operatorOffset, ...(hint !== undefined && { hint }) });
  };
  const factors = [
    { factor: expression.left, type: left },
    { factor: expression.right, type: right },
  ];
  for (const { factor, type } of factors) {
    const text = excerpt(factor, context);
    if (type.kind === "number") {
      return fail(`${text} is a number, and @ multiplies matrices`, 'Write "*" to multiply every element.');
    }
    if (shapeOf(type).length !== 2) {
      const hint = `Write "*" to multiply element by element, or declare ${text} with two sizes.`;
      const applicableHint = factor.kind === "name" ? hint : 'Write "*" to multiply element by element.';
      return fail(`${text} is ${printShape(shapeOf(type))}, and @ multiplies matrices`, applicableHint);
    }
  }
  const [rows = 1, inner = 1] = shapeOf(left);
  const [depth = 1, columns = 1] = shapeOf(right);
  if (context.rules.unify(inner, depth) !== undefined) return { kind: "tensor", shape: [rows, columns] };
  const hint =
    swapHint(expression, rows, depth, context) ??
    declarationHint(expression.right, 0, inner, [expression.left, 1], context) ??
    declarationHint(expression.left, 1, depth, [expression.right, 0], context);
  const shapes = `${printShape(shapeOf(left))} times ${printShape(shapeOf(right))}`;
  return fail(`${shapes}: the inner sizes ${inner} and ${depth} differ`, hint);
}

/** A hint for U @ h, the order of column vectors. */
function swapHint(
  { left, right }: BinaryExpression,
  rows: Dim,
  depth: Dim,
  { batch }: InferenceContext,
): string | undefined {
  if (depth !== batch || rows === batch || left.kind !== "name" || right.kind !== "name") return undefined;
  return `The batch is the first axis: write "${right.name} @ ${left.name}".`;
}

/** A hint to declare a parameter with the size of the other operand's axis. */
function declarationHint(
  expression: Expression,
  axis: number,
  expected: Dim,
  [other, otherAxis]: readonly [Expression, number],
  { cell, batch }: InferenceContext,
): string | undefined {
  if (expression.kind !== "name" || expected === batch) return undefined;
  const declared = ownValue(cell.parameters, expression.name);
  if (declared?.[axis] === undefined) return undefined;
  const sizeName = declared.length === 1 ? "size" : axis === 0 ? "first size" : "last size";
  const writtenSize = other.kind === "name" ? declaredSize(cell, other.name, otherAxis) : undefined;
  const alternative =
    typeof writtenSize === "string" && writtenSize !== declared[axis] ? `, or write "${writtenSize}"` : "";
  return `${expression.name} is declared ${printShape(declared)}; make its ${sizeName} ${expected}${alternative}.`;
}

/** The size expression of a name's axis. For x and states it is the last axis, because the batch is not declared. */
function declaredSize(cell: ResolvedCell, name: string, axis: number) {
  if (name === "x") return "input_size";
  return ownValue(cell.state, name.replace("'", "")) ?? ownValue(cell.parameters, name)?.[axis];
}

/** The source text of an expression on one line, truncated to 40 characters. */
function excerpt({ offset, end }: Expression, { source }: InferenceContext): string {
  const text = source.slice(offset, end).replace(/\s+/g, " ");
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
