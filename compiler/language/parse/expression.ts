/** Expressions as a typed tree with source positions; jsep parses the structure. */
import jsep from "jsep";
import { at, expectDefined } from "../../ir/expect.js";
import {
  checkGrammar,
  type EquationProblem,
  type Formulas,
  type Parentheses,
  type Token,
  tokenize,
  withoutFormulas,
} from "./tokens.js";

interface Span {
  /** The position of the first character in the equation, and the position after the last one. */
  readonly offset: number;
  readonly end: number;
}

export interface NumberExpression extends Span {
  readonly kind: "number";
  readonly value: number;
}
export interface NameExpression extends Span {
  readonly kind: "name";
  readonly name: string;
}
export interface NegateExpression extends Span {
  readonly kind: "negate";
  readonly operand: Expression;
}
export interface BinaryExpression extends Span {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly operatorOffset: number;
  readonly left: Expression;
  readonly right: Expression;
}
export interface CallExpression extends Span {
  readonly kind: "call";
  readonly function: string;
  readonly arguments: readonly Expression[];
  /** The text in quotes before the arguments. */
  readonly formula?: string;
}
export type Expression = NumberExpression | NameExpression | NegateExpression | BinaryExpression | CallExpression;

export type Comparison = ">" | "<" | ">=" | "<=" | "==" | "!=";
export type BinaryOperator = "+" | "-" | "*" | "/" | "@" | "^" | Comparison;

export type ParsedExpression =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly problem: EquationProblem };

export function parseExpression(text: string): ParsedExpression {
  const { tokens, problem } = tokenize(text);
  return problem === undefined ? parseTokens(tokens, text) : { ok: false, problem };
}

/** Parses the tokens of an expression. Never throws. */
export function parseTokens(tokens: readonly Token[], text: string): ParsedExpression {
  const { rest, formulas, problem } = withoutFormulas(tokens);
  if (problem !== undefined) return { ok: false, problem };
  const grammar = checkGrammar(rest, text.length);
  if (!grammar.ok) return grammar;
  return { ok: true, expression: addPositions(jsep(toJsepSource(rest)), rest, grammar.parentheses, formulas) };
}

/**
 * jsep's grammar is global to the process, so it is not extended: `@` becomes `*` and `^` becomes `**`, which have the
 * same precedence and associativity, and a prime becomes a letter. The tokens have the original text.
 */
function toJsepSource(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => jsepOperators.get(text) ?? text.replaceAll("'", "ʹ")).join(" ");
}

const jsepOperators: ReadonlyMap<string, string> = new Map([
  ["@", "*"],
  ["^", "**"],
]);

/** A node with the indices of its first and last token, surrounding parentheses included. */
interface Positioned<E extends Expression = Expression> {
  readonly expression: E;
  readonly first: number;
  readonly last: number;
}

/**
 * jsep has no positions, but an in-order walk of its tree visits operands and operators in the order of the text: the
 * n-th one is the n-th token that is no punctuation.
 */
function addPositions(
  tree: jsep.Expression,
  tokens: readonly Token[],
  parentheses: Parentheses,
  formulas: Formulas,
): Expression {
  const operandTokens = tokens.flatMap((token, index) => (token.kind === "punctuation" ? [] : [{ ...token, index }]));
  let consumed = 0;
  const next = () => at(operandTokens, consumed++);
  const offsetOf = (index: number) => at(tokens, index).offset;
  const endOf = (index: number) => at(tokens, index).end;

  function withParentheses({ expression, first, last }: Positioned): Positioned {
    const isParenthesized = parentheses.get(first - 1) === last + 1 && tokens[first - 2]?.kind !== "name";
    return isParenthesized
      ? withParentheses({ expression, first: first - 1, last: last + 1 })
      : { expression, first, last };
  }

  function convert(node: jsep.CoreExpression): Positioned {
    switch (node.type) {
      case "BinaryExpression": {
        const left = convert(node.left as jsep.CoreExpression);
        const operator = next();
        const right = convert(node.right as jsep.CoreExpression);
        const { first } = left;
        const { last } = right;
        const binary = (base: Expression, firstOfBase: number): BinaryExpression => ({
          kind: "binary",
          operator: operator.text as BinaryOperator,
          operatorOffset: operator.offset,
          left: base,
          right: right.expression,
          offset: offsetOf(firstOfBase),
          end: endOf(last),
        });
        const isNegated = operator.text === "^" && tokens[first]?.text === "-";
        const expression = isNegated ? negatedPower(left.expression, first, binary) : binary(left.expression, first);
        return withParentheses({ expression, first, last });
      }
      case "UnaryExpression": {
        const { index: first, offset } = next();
        const { expression: operand, last } = convert(node.argument as jsep.CoreExpression);
        return withParentheses({ expression: { kind: "negate", operand, offset, end: endOf(last) }, first, last });
      }
      case "CallExpression": {
        const { index: first, offset, text } = next();
        const args = node.arguments.map((argument) => convert(argument as jsep.CoreExpression).expression);
        const last = expectDefined(parentheses.get(first + 1), "the end of a call");
        const call: CallExpression = { kind: "call", function: text, arguments: args, offset, end: endOf(last) };
        const formula = formulas.get(offset);
        const expression = formula === undefined ? call : { ...call, formula };
        return withParentheses({ expression, first, last });
      }
      default: {
        const { index, kind, text, offset, end } = next();
        const expression: Expression =
          kind === "number"
            ? { kind: "number", value: Number(text), offset, end }
            : { kind: "name", name: text, offset, end };
        return withParentheses({ expression, first: index, last: index });
      }
    }
  }
  return convert(tree as jsep.CoreExpression).expression;
}

/** -a ^ b is -(a ^ b): jsep binds a minus sign to the base. */
function negatedPower(
  base: Expression,
  first: number,
  power: (base: Expression, first: number) => Expression,
): Expression {
  if (base.kind !== "negate") return power(base, first);
  const operand = negatedPower(base.operand, first + 1, power);
  return { ...base, operand, end: operand.end };
}

/** Calls `callback` for an expression and all its descendants, in the order of the text. */
export function visit(expression: Expression, callback: (expression: Expression) => void): void {
  callback(expression);
  for (const child of childrenOf(expression)) visit(child, callback);
}

function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "negate":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
    case "call":
      return expression.arguments;
    default:
      return [];
  }
}
