/** The type of a matrix product. The axes of the batch are no part of the matrices: x @ W multiplies each row x with W. */
import { printShape } from "../../ir/dims.js";
import type { Dim, Shape } from "../../ir/types.js";
import { type ExpressionType, isBatched, isShapeMismatch, rowShape, shapeOf } from "../expression-type.js";
import type { BinaryExpression } from "../parse/expression.js";
import { declarationHint, excerpt, type InferenceContext } from "./context.js";

/**
 * True for the product of a vector with a matrix, for each of their common leading axes: the right operand has one axis
 * more. Otherwise both are matrices.
 */
export function isVectorProduct(left: ExpressionType, right: ExpressionType, batchAxes: number): boolean {
  const rank = (type: ExpressionType) => shapeOf(type).length - (isBatched(type) ? batchAxes : 0);
  return rank(right) === rank(left) + 1;
}

/** [inner] @ [inner, columns] or [rows, inner] @ [inner, columns], each perhaps with leading axes. */
export function inferProduct(
  expression: BinaryExpression,
  left: ExpressionType,
  right: ExpressionType,
  context: InferenceContext,
): ExpressionType | undefined {
  const { rules } = context;
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
    if (shapeOf(type).length < 2) {
      const hint = `Write "*" to multiply element by element, or declare ${text} with two sizes.`;
      const applicableHint = factor.kind === "name" ? hint : 'Write "*" to multiply element by element.';
      return fail(`${text} is ${printShape(shapeOf(type))}, and @ multiplies matrices`, applicableHint);
    }
  }
  const [leftShape, rightShape] = [shapeOf(left), shapeOf(right)];
  const shapes = `${printShape(leftShape)} times ${printShape(rightShape)}`;
  const [inner = 1, depth = 1, columns = 1] = [leftShape.at(-1), rightShape.at(-2), rightShape.at(-1)];
  const isVector = isVectorProduct(left, right, rules.batchAxes);
  const isMatrix = rowShape(right, rules).length >= 2;
  if (isMatrix && rules.unify(inner, depth) !== undefined) {
    const leading = leadingAxes(left, right, isVector, context);
    if (leading !== undefined)
      return { kind: "tensor", shape: [...leading, columns], isBatched: isBatchedProduct(left, right) };
    return fail(`${shapes}: the axes before the matrices differ`, undefined);
  }
  const rows = leftShape.at(-2) ?? 1;
  const hint =
    swapHint(expression, rows, depth, context) ??
    rowsHint(left, right, context) ??
    declarationHint(expression.right, rightShape.length - 2, inner, [expression.left, leftShape.length - 1], context) ??
    declarationHint(expression.left, leftShape.length - 1, depth, [expression.right, rightShape.length - 2], context);
  return fail(`${shapes}: the inner sizes ${inner} and ${depth} differ`, hint);
}

const isBatchedProduct = (left: ExpressionType, right: ExpressionType) => isBatched(left) || isBatched(right);

/** The axes of a product before its columns; undefined where those of the operands differ. */
function leadingAxes(
  left: ExpressionType,
  right: ExpressionType,
  isVector: boolean,
  { rules, batch }: InferenceContext,
): Shape | undefined {
  const [leftRow, rightRow] = [rowShape(left, rules), rowShape(right, rules)];
  const batchAxes: Shape = isBatchedProduct(left, right) ? batch : [];
  if (isVector) {
    const common = rules.broadcast([leftRow.slice(0, -1), rightRow.slice(0, -2)]);
    return isShapeMismatch(common) ? undefined : [...batchAxes, ...common];
  }
  // An axis of the batch must not meet another.
  const isAligned = leftRow.length === rightRow.length || (rightRow.length === 2 && !isBatched(right));
  const common = rules.broadcast([leftRow.slice(0, -2), rightRow.slice(0, -2)]);
  const rows: Dim | undefined = leftRow.at(-2);
  return isAligned && rows !== undefined && !isShapeMismatch(common) ? [...batchAxes, ...common, rows] : undefined;
}

/** A hint for x @ y, of two vectors of a row. */
function rowsHint(left: ExpressionType, right: ExpressionType, { rules, batch }: InferenceContext): string | undefined {
  const isVector = (type: ExpressionType) => isBatched(type) && rowShape(type, rules).length === 1;
  if (batch.length === 0 || !isVector(left) || !isVector(right)) return undefined;
  return 'Write "sum(a * b)" for the product of two vectors of a row.';
}

/** A hint for U @ h, the order of column vectors. */
function swapHint(
  { left, right }: BinaryExpression,
  rows: Dim,
  depth: Dim,
  { batch }: InferenceContext,
): string | undefined {
  if (!batch.includes(depth) || batch.includes(rows) || left.kind !== "name" || right.kind !== "name") return undefined;
  return `The batch is the first axis: write "${right.name} @ ${left.name}".`;
}
