/** What each expression stands for, from what its names stand for; a mismatch is reported at its operator, with a way out. */
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
  /** What each name stands for; undefined where that is already known to be wrong. */
  readonly names: ReadonlyMap<string, ExpressionType | undefined>;
  /** Every expression that was understood is added here. */
  readonly types: Map<Expression, ExpressionType>;
  /** The equation that offsets count into. */
  readonly source: string;
  readonly reportProblem: (fault: EquationProblem) => void;
}

/** Undefined where something is wrong, which is reported once: whatever depends on it is passed over. */
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

/** An expression where a condition may not stand. */
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
  const cellFunction = expectDefined(functionOf(call.function), call.function);
  const args = call.arguments.map((argument, index) =>
    index < cellFunction.conditionCount ? inferCondition(argument, context) : inferOperand(argument, context),
  );
  const argumentTypes = args.filter((arg) => arg !== undefined);
  if (argumentTypes.length < args.length) return undefined;
  const result = cellFunction.infer(argumentTypes, context.rules);
  if (result.kind !== "misuse") return result;
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
    hint: "Compare: > < >= <= == and != make conditions.",
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
    context.reportProblem({ code: "argument", message, hint: "Its answer never changes.", offset });
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
  const sides = [
    { side: expression.left, meaning: left },
    { side: expression.right, meaning: right },
  ];
  for (const { side, meaning: type } of sides) {
    const what = excerpt(side, context);
    if (type.kind === "number") {
      return fail(`${what} is a number, and @ multiplies matrices`, 'Write "*" to multiply every element.');
    }
    if (shapeOf(type).length !== 2) {
      const hint = `Write "*" to multiply element by element, or declare ${what} with two sizes.`;
      const applicableHint = side.kind === "name" ? hint : 'Write "*" to multiply element by element.';
      return fail(`${what} is ${printShape(shapeOf(type))}, and @ multiplies matrices`, applicableHint);
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

/** U @ h, as columns of features would have it. */
function swapHint(
  { left, right }: BinaryExpression,
  rows: Dim,
  depth: Dim,
  { batch }: InferenceContext,
): string | undefined {
  if (depth !== batch || rows === batch || left.kind !== "name" || right.kind !== "name") return undefined;
  return `The batch is the first axis: write "${right.name} @ ${left.name}".`;
}

/** How a parameter that does not fit would have to be declared: with the size of the axis that it meets. */
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

/** How the size of a name's axis is written. An input's and a state's is the last: the first is the batch, which nobody declares. */
function declaredSize(cell: ResolvedCell, name: string, axis: number) {
  if (name === "x") return "input_size";
  return ownValue(cell.state, name.replace("'", "")) ?? ownValue(cell.parameters, name)?.[axis];
}

/** An expression as it is written, on one line, shortened where it is long. */
function excerpt({ offset, end }: Expression, { source }: InferenceContext): string {
  const text = source.slice(offset, end).replace(/\s+/g, " ");
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
