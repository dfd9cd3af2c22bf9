/** The words of an equation and their places, and the order they may stand in: all that is wrong with its form is found here. */
import { quote } from "../../../schema/diagnostics/suggest.js";
import { expectDefined } from "../../ir/expect.js";

/** What is wrong with an equation, at an offset into its text. */
export interface EquationProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly offset: number;
}

export interface Token {
  /** `mark` is one of `( ) , =`. */
  readonly kind: "name" | "number" | "operator" | "mark";
  readonly text: string;
  readonly offset: number;
  readonly end: number;
}

/** More words than any cell needs, and few enough that nothing that walks an expression runs out of stack. */
export const maxTokens = 1000;

const spacePattern = /[ \t\r\n]*/y;
/** JavaScript that people reach for: taken whole, so that the message names what was written. */
const javascriptPattern = /===|!==|\*\*|&&|\|\||<<|>>|\?\?|=>/y;
const tokenPattern =
  /(?<name>[A-Za-z_]\w*'*)|(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<operator>[<>=!]=|[-+*/@<>])|(?<mark>[(),=])/y;

const hints: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "**": "Write a product: a * a.",
    "^": "Write a product: a * a.",
    "===": 'Write "==".',
    "!==": 'Write "!=".',
    "&&": "Put one where(…) inside another.",
    "||": "Put one where(…) inside another.",
    "?": "Write where(condition, a, b).",
    "!": "Turn the comparison round, or exchange the last two arguments of where.",
    "[": "Write split(a, n) for equal parts of the last axis.",
    "'": "A prime stands right after the name of a state: h'.",
  }),
);

/** The words up to the end of the text, or up to the first that does not belong in an equation. */
export function tokenize(text: string): {
  readonly tokens: readonly Token[];
  readonly problem: EquationProblem | undefined;
} {
  const tokens: Token[] = [];
  let offset = 0;
  const matchPattern = (pattern: RegExp) => {
    pattern.lastIndex = offset;
    return pattern.exec(text);
  };
  for (;;) {
    offset += expectDefined(matchPattern(spacePattern), "any space")[0].length;
    if (offset === text.length) return { tokens, problem: undefined };
    if (tokens.length === maxTokens) {
      const message = `the equation has more than ${maxTokens} words`;
      return { tokens, problem: syntaxProblem(message, offset, "Give its parts names.") };
    }
    const match = matchPattern(javascriptPattern) === null ? matchPattern(tokenPattern) : null;
    if (match === null) {
      const unexpected = matchPattern(javascriptPattern)?.[0] ?? expectDefined(matchPattern(/./suy), "a character")[0];
      const message = `${quote(unexpected)} has no meaning in an equation`;
      return { tokens, problem: syntaxProblem(message, offset, hints.get(unexpected)) };
    }
    const { name, number, operator } = expectDefined(match.groups, "what a word is");
    const kind = name ? "name" : number ? "number" : operator ? "operator" : "mark";
    if (kind === "number" && !Number.isFinite(Number(match[0]))) {
      return { tokens, problem: syntaxProblem(`${match[0]} is too large a number`, offset) };
    }
    tokens.push({ kind, text: match[0], offset, end: offset + match[0].length });
    offset += match[0].length;
  }
}

/** The index of each opening parenthesis to that of the one that closes it. */
export type Parentheses = ReadonlyMap<number, number>;

export type GrammarCheck =
  | { readonly ok: true; readonly parentheses: Parentheses }
  | { readonly ok: false; readonly problem: EquationProblem };

/**
 * Whether words stand in the order of an expression: operands and operators in turn, parentheses in pairs, commas between
 * the arguments of a call. Where they do, the parser cannot fail.
 */
export function checkGrammar(tokens: readonly Token[], end: number): GrammarCheck {
  const parentheses = new Map<number, number>();
  const open: number[] = [];
  const isCall = (index: number) => tokens[index - 1]?.kind === "name";
  let expectsOperand = true;
  for (const [index, token] of tokens.entries()) {
    const fail = (message: string, hint?: string) => grammarProblem(message, token.offset, hint);
    const quoted = JSON.stringify(token.text);
    if (token.text === "=") return fail('an equation has one "="', 'To compare, write "==".');
    const callWithoutArguments = token.text === ")" && index - 1 === open.at(-1) && isCall(index - 1);
    if (expectsOperand && !callWithoutArguments) {
      if (token.text === "(") open.push(index);
      else if (token.kind === "name" || token.kind === "number") expectsOperand = false;
      else if (token.text !== "-") return fail(`a value is missing before ${quoted}`);
    } else if (token.text === "(" && isCall(index)) {
      open.push(index);
      expectsOperand = true;
    } else if (token.text === ")") {
      const opening = open.pop();
      if (opening === undefined) return fail('")" closes nothing');
      parentheses.set(opening, index);
      expectsOperand = false;
    } else if (token.text === ",") {
      const opening = open.at(-1);
      if (opening === undefined || !isCall(opening)) return fail('"," stands between the arguments of a function only');
      expectsOperand = true;
    } else if (token.kind === "operator") {
      expectsOperand = true;
    } else {
      return fail(`an operator is missing before ${quoted}`, 'Write "*" for a product, "@" for a matrix product.');
    }
  }
  const unclosed = tokens[open.at(-1) ?? -1];
  if (expectsOperand) return grammarProblem("a value is missing at the end", end);
  if (unclosed !== undefined) return grammarProblem('"(" is never closed', unclosed.offset);
  return { ok: true, parentheses };
}

function grammarProblem(message: string, offset: number, hint?: string): GrammarCheck {
  return { ok: false, problem: syntaxProblem(message, offset, hint) };
}

export function syntaxProblem(message: string, offset: number, hint?: string): EquationProblem {
  return { code: "equation-syntax", message, offset, ...(hint !== undefined && { hint }) };
}
