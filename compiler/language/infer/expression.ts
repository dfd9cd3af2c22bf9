/** Type inference of expressions, from the types of names. A mismatch is reported at its operator, with a hint. */
import { addDims, mulDims, printShape } from "../../ir/dims.js";
import { expectDefined } from "../../ir/expect.js";
import type { Dim } from "../../ir/types.js";
import {
  broadcastTypes,
  divideDim,
  type ExpressionType,
  isBatched,
  isShapeMismatch,
  rowShape,
  shapeOf,
} from "../expression-type.js";
import type { BinaryExpression, BinaryOperator, CallExpression, Expression } from "../parse/expression.js";
import { functionOf } from "../resolve.js";
import { declarationHint, excerpt, type InferenceContext } from "./context.js";
import { inferProduct } from "./product.js";

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
    case "name": {
      const size = context.unknownSizes.get(expression.name);
      // The shapes are undecided until the data is known.
      if (size !== undefined) context.rules.known(size);
      return context.names.get(expression.name);
    }
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
  const called = expectDefined(functionOf(context.definition, call.function), call.function);
  const args = call.arguments.map((argument, index) =>
    index < called.conditionCount ? inferCondition(argument, context) : inferOperand(argument, context),
  );
  const argumentTypes = args.filter((arg) => arg !== undefined);
  if (argumentTypes.length < args.length) return undefined;
  const result = called.infer(argumentTypes, context.rules, call.formula);
  if (result?.kind !== "error") return result;
  const offender = call.arguments[result.argument ?? -1] ?? call;
  const message = `${excerpt(offender, context)}: ${result.message}`;
  const { code, hint } = result;
  context.reportProblem({ code, message, offset: offender.offset, ...(hint !== undefined && { hint }) });
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
  "^": (x, y) => x ** y,
};

const arithmeticOfSizes: Readonly<Partial<Record<BinaryOperator, (x: Dim, y: Dim) => Dim | undefined>>> = {
  "+": addDims,
  "-": (x, y) => addDims(x, mulDims(y, -1)),
  "*": mulDims,
  "/": divideDim,
};

/** The size that an operator makes of two sizes, or of a size and a number; undefined for other operands. */
function inferSize(operator: BinaryOperator, left: ExpressionType, right: ExpressionType): Dim | undefined {
  const dimOf = (type: ExpressionType) =>
    type.kind === "number" ? type.value : type.kind === "tensor" ? type.size : undefined;
  const [x, y] = [dimOf(left), dimOf(right)];
  const isOfIntegers = [x, y].every((dim) => typeof dim !== "number" || Number.isInteger(dim));
  return x === undefined || y === undefined || !isOfIntegers ? undefined : arithmeticOfSizes[operator]?.(x, y);
}

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
  const result = broadcastTypes([left, right], context.rules);
  if (!isShapeMismatch(result)) {
    if (fold === undefined) return { kind: "condition", ...result };
    const size = inferSize(operator, left, right);
    return { kind: "tensor", ...result, ...(size !== undefined && { size }) };
  }
  const [a, b] = result.sizes;
  const shapes = `${printShape(shapeOf(left))} and ${printShape(shapeOf(right))}`;
  const message = `${excerpt(expression, context)}: ${shapes}: the sizes ${a} and ${b} differ`;
  const axisOf = (type: ExpressionType) => shapeOf(type).length - 1 - result.axisFromLast;
  const hint =
    declarationHint(expression.right, axisOf(right), a, [expression.left, axisOf(left)], context) ??
    declarationHint(expression.left, axisOf(left), b, [expression.right, axisOf(right)], context) ??
    matrixHint([expression.left, left], [expression.right, right], context);
  context.reportProblem({ code: "shape-mismatch", message, offset, ...(hint !== undefined && { hint }) });
  return undefined;
}

type Operand = readonly [expression: Expression, type: ExpressionType];

/** A hint for x * W, entry by entry, of a row and a matrix that all rows share. */
function matrixHint(left: Operand, right: Operand, context: InferenceContext): string | undefined {
  const [row, matrix] = isBatched(left[1]) ? [left, right] : [right, left];
  const isRowAndMatrix =
    isBatched(row[1]) &&
    !isBatched(matrix[1]) &&
    rowShape(row[1], context.rules).length === 1 &&
    shapeOf(matrix[1]).length === 2;
  if (!isRowAndMatrix) return undefined;
  const [x, w] = [row[0], matrix[0]];
  const product = x.kind === "name" && w.kind === "name" ? `${x.name} @ ${w.name}` : "x @ W";
  return `${excerpt(w, context)} is a matrix that all rows share: write "${product}" for the product of a row with one.`;
}
