/** The context of type inference, and the texts of its messages: excerpts of equations, and hints to declare a size. */
import { printShape } from "../../ir/dims.js";
import type { Dim, Shape } from "../../ir/types.js";
import type { ExpressionType, ShapeRules } from "../expression-type.js";
import type { Expression } from "../parse/expression.js";
import type { EquationProblem } from "../parse/tokens.js";
import { ownValue, type ResolvedDefinition } from "../resolve.js";
import type { Scope } from "../scope.js";

export interface InferenceContext {
  readonly definition: ResolvedDefinition;
  readonly inputs: Scope["inputs"];
  readonly batch: Shape;
  readonly rules: ShapeRules;
  /** The type of each name; undefined after a problem that is already reported. */
  readonly names: ReadonlyMap<string, ExpressionType | undefined>;
  /** The types of all expressions without a problem, which inference adds. */
  readonly types: Map<Expression, ExpressionType>;
  /** Sizes that depend on the data: numbers that are not known yet. */
  readonly unknownSizes: ReadonlyMap<string, Dim>;
  /** Calls whose problem is already reported. */
  readonly invalidCalls: ReadonlySet<Expression>;
  /** The text of the equation, for offsets. */
  readonly source: string;
  readonly reportProblem: (problem: EquationProblem) => void;
}

/** A hint to declare a parameter with the size of the other operand's axis. */
export function declarationHint(
  expression: Expression,
  axis: number,
  expected: Dim,
  [other, otherAxis]: readonly [Expression, number],
  { definition, batch, rules }: InferenceContext,
): string | undefined {
  if (expression.kind !== "name" || batch.includes(expected)) return undefined;
  const declared = ownValue(definition.parameters, expression.name);
  if (declared?.[axis] === undefined) return undefined;
  const sizeName = declared.length === 1 ? "size" : axis === 0 ? "first size" : "last size";
  const writtenSize =
    other.kind === "name" ? declaredSize(definition, other.name, otherAxis, rules.batchAxes) : undefined;
  const alternative =
    typeof writtenSize === "string" && writtenSize !== declared[axis] ? `, or write "${writtenSize}"` : "";
  return `${expression.name} is declared ${printShape(declared)}; make its ${sizeName} ${expected}${alternative}.`;
}

/** The size expression of a name's axis. The axes of the batch are not declared. */
function declaredSize({ state, parameters }: ResolvedDefinition, name: string, axis: number, batchAxes: number) {
  if (name === "x") return "input_size";
  return ownValue(state, name.replace("'", ""))?.[axis - batchAxes] ?? ownValue(parameters, name)?.[axis];
}

/** The source text of an expression on one line, truncated to 40 characters. */
export function excerpt({ offset, end }: Expression, { source }: InferenceContext): string {
  const text = source.slice(offset, end).replace(/\s+/g, " ");
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
