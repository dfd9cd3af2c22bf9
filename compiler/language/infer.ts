/** What each expression stands for, from what its names stand for; a mismatch is reported at its operator, with a way out. */
import { printShape } from "../ir/dims.js";
import { present } from "../ir/present.js";
import type { Dim } from "../ir/types.js";
import { ownValue, type ResolvedCell } from "./cell.js";
import type { BinaryExpression, BinaryOperator, CallExpression, Expression } from "./expression.js";
import { functionOf } from "./functions.js";
import { isDifference, type Meaning, type ShapeRules, shapeOf } from "./meaning.js";
import type { Fault } from "./tokens.js";

export interface Inference {
  readonly cell: ResolvedCell;
  readonly batch: Dim;
  readonly rules: ShapeRules;
  /** What each name stands for; undefined where that is already known to be wrong. */
  readonly names: ReadonlyMap<string, Meaning | undefined>;
  /** Every expression that was understood is added here. */
  readonly meanings: Map<Expression, Meaning>;
  /** The equation that offsets count into. */
  readonly source: string;
  readonly complain: (fault: Fault) => void;
}

/** Undefined where something is wrong, which is reported once: whatever depends on it is passed over. */
export function inferExpression(expression: Expression, inference: Inference): Meaning | undefined {
  const meaning = inferKind(expression, inference);
  if (meaning?.kind === "number" && !Number.isFinite(meaning.value)) {
    const message = `${excerpt(expression, inference)} is not a finite number`;
    inference.complain({ code: "argument", message, offset: expression.offset });
    return undefined;
  }
  if (meaning !== undefined) inference.meanings.set(expression, meaning);
  return meaning;
}

function inferKind(expression: Expression, inference: Inference): Meaning | undefined {
  switch (expression.kind) {
    case "number":
      return { kind: "number", value: expression.value };
    case "name":
      return inference.names.get(expression.name);
    case "negate": {
      const operand = inferOperand(expression.operand, inference);
      return operand?.kind === "number" ? { kind: "number", value: -operand.value } : operand;
    }
    case "binary":
      return inferBinary(expression, inference);
    case "call":
      return inferCall(expression, inference);
  }
}

/** An expression where a condition may not stand. */
function inferOperand(
  expression: Expression,
  inference: Inference,
): Exclude<Meaning, { kind: "condition" }> | undefined {
  const meaning = inferExpression(expression, inference);
  if (meaning?.kind !== "condition") return meaning;
  inference.complain({
    code: "argument",
    message: `${excerpt(expression, inference)} is a condition, not a number`,
    hint: 'A condition is the first argument of where: "where(a > b, a, b)".',
    offset: expression.offset,
  });
  return undefined;
}

function inferCall(call: CallExpression, inference: Inference): Meaning | undefined {
  const known = present(functionOf(call.function), call.function);
  const args = call.arguments.map((argument, index) =>
    index < known.conditions ? inferCondition(argument, inference) : inferOperand(argument, inference),
  );
  const understood = args.filter((arg) => arg !== undefined);
  if (understood.length < args.length) return undefined;
  const result = known.infer(understood, inference.rules);
  if (result.kind !== "misuse") return result;
  const place = call.arguments[result.argument ?? -1] ?? call;
  const message = `${excerpt(place, inference)}: ${result.message}`;
  inference.complain({ code: result.code, message, offset: place.offset });
  return undefined;
}

function inferCondition(expression: Expression, inference: Inference): Meaning | undefined {
  const meaning = inferExpression(expression, inference);
  if (meaning === undefined || meaning.kind === "condition") return meaning;
  inference.complain({
    code: "argument",
    message: `${excerpt(expression, inference)} is not a condition`,
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

function inferBinary(expression: BinaryExpression, inference: Inference): Meaning | undefined {
  const { operator, operatorOffset: offset } = expression;
  const left = inferOperand(expression.left, inference);
  const right = inferOperand(expression.right, inference);
  if (left === undefined || right === undefined) return undefined;
  if (operator === "@") return inferProduct(expression, left, right, inference);
  const fold = arithmetic[operator];
  if (left.kind === "number" && right.kind === "number") {
    if (fold !== undefined) return { kind: "number", value: fold(left.value, right.value) };
    const message = `${excerpt(expression, inference)} compares two numbers`;
    inference.complain({ code: "argument", message, hint: "Its answer never changes.", offset });
    return undefined;
  }
  const shape = inference.rules.broadcast([shapeOf(left), shapeOf(right)]);
  if (!isDifference(shape)) return { kind: fold === undefined ? "condition" : "tensor", shape };
  const [a, b] = shape.sizes;
  const shapes = `${printShape(shapeOf(left))} and ${printShape(shapeOf(right))}`;
  const message = `${excerpt(expression, inference)}: ${shapes}: the sizes ${a} and ${b} differ`;
  const axisOf = (meaning: Meaning) => shapeOf(meaning).length - 1 - shape.fromLast;
  const hint =
    declaredHint(expression.right, axisOf(right), a, [expression.left, axisOf(left)], inference) ??
    declaredHint(expression.left, axisOf(left), b, [expression.right, axisOf(right)], inference);
  inference.complain({ code: "shape-mismatch", message, offset, ...(hint !== undefined && { hint }) });
  return undefined;
}

/** [rows, inner] @ [inner, columns]. */
function inferProduct(
  expression: BinaryExpression,
  left: Meaning,
  right: Meaning,
  inference: Inference,
): Meaning | undefined {
  const fail = (message: string, hint: string | undefined): undefined => {
    const fault = { code: "shape-mismatch", message: `${excerpt(expression, inference)}: ${message}` };
    inference.complain({ ...fault, offset: expression.operatorOffset, ...(hint !== undefined && { hint }) });
  };
  const sides = [
    { side: expression.left, meaning: left },
    { side: expression.right, meaning: right },
  ];
  for (const { side, meaning } of sides) {
    const what = excerpt(side, inference);
    if (meaning.kind === "number") {
      return fail(`${what} is a number, and @ multiplies matrices`, 'Write "*" to multiply every element.');
    }
    if (shapeOf(meaning).length !== 2) {
      const hint = `Write "*" to multiply element by element, or declare ${what} with two sizes.`;
      const way = side.kind === "name" ? hint : 'Write "*" to multiply element by element.';
      return fail(`${what} is ${printShape(shapeOf(meaning))}, and @ multiplies matrices`, way);
    }
  }
  const [rows = 1, inner = 1] = shapeOf(left);
  const [depth = 1, columns = 1] = shapeOf(right);
  if (inference.rules.meet(inner, depth) !== undefined) return { kind: "tensor", shape: [rows, columns] };
  const hint =
    exchangeHint(expression, rows, depth, inference) ??
    declaredHint(expression.right, 0, inner, [expression.left, 1], inference) ??
    declaredHint(expression.left, 1, depth, [expression.right, 0], inference);
  const shapes = `${printShape(shapeOf(left))} times ${printShape(shapeOf(right))}`;
  return fail(`${shapes}: the inner sizes ${inner} and ${depth} differ`, hint);
}

/** U @ h, as columns of features would have it. */
function exchangeHint(
  { left, right }: BinaryExpression,
  rows: Dim,
  depth: Dim,
  { batch }: Inference,
): string | undefined {
  if (depth !== batch || rows === batch || left.kind !== "name" || right.kind !== "name") return undefined;
  return `The batch is the first axis: write "${right.name} @ ${left.name}".`;
}

/** How a parameter that does not fit would have to be declared: with the size of the axis that it meets. */
function declaredHint(
  expression: Expression,
  axis: number,
  wanted: Dim,
  [other, otherAxis]: readonly [Expression, number],
  { cell, batch }: Inference,
): string | undefined {
  if (expression.kind !== "name" || wanted === batch) return undefined;
  const declared = ownValue(cell.parameters, expression.name);
  if (declared?.[axis] === undefined) return undefined;
  const which = declared.length === 1 ? "size" : axis === 0 ? "first size" : "last size";
  const said = other.kind === "name" ? declaredSize(cell, other.name, otherAxis) : undefined;
  const word = typeof said === "string" && said !== declared[axis] ? `, or write "${said}"` : "";
  return `${expression.name} is declared ${printShape(declared)}; make its ${which} ${wanted}${word}.`;
}

/** How the size of a name's axis is written. An input's and a state's is the last: the first is the batch, which nobody declares. */
function declaredSize(cell: ResolvedCell, name: string, axis: number) {
  if (name === "x") return "input_size";
  return ownValue(cell.state, name.replace("'", "")) ?? ownValue(cell.parameters, name)?.[axis];
}

/** An expression as it is written, on one line, shortened where it is long. */
function excerpt({ offset, end }: Expression, { source }: Inference): string {
  const text = source.slice(offset, end).replace(/\s+/g, " ");
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
