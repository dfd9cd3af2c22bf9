/** Tokens of an equation with their positions, and the grammar: every syntax error is found here. */
import { quote } from "../../../schema/diagnostics/suggest.js";
import { expectDefined } from "../../ir/expect.js";

/** A problem of an equation, at an offset into its text. */
export interface EquationProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly offset: number;
}

export interface Token {
  /** Punctuation is one of `( ) , =`; a text is in quotes. */
  readonly kind: "name" | "number" | "operator" | "punctuation" | "text";
  readonly text: string;
  readonly offset: number;
  readonly end: number;
}

/** More tokens than any cell needs, and few enough that recursion over an expression cannot overflow the stack. */
export const maxTokens = 1000;

const spacePattern = /[ \t\r\n]*/y;
/** Operators of JavaScript, matched whole, so that the message quotes them. */
const javascriptPattern = /===|!==|\*\*|&&|\|\||<<|>>|\?\?|=>/y;
const tokenPattern =
  /(?<name>[A-Za-z_]\w*'*)|(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<operator>[<>=!]=|[-+*/@^<>])|(?<punctuation>[(),=])|(?<text>"[^"]*"|'[^']*')/y;

const hints: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "**": "Write a power as a ^ b.",
    "===": 'Write "==".',
    "!==": 'Write "!=".',
    "&&": "Put one where(…) inside another.",
    "||": "Put one where(…) inside another.",
    "?": "Write where(condition, a, b).",
    "!": "Reverse the comparison, or swap the last two arguments of where.",
    "[": "Write split(a, n) for equal parts of the last axis.",
    ".": 'Write a function by its name alone: "mean(a)".',
    "|": "Write abs(a).",
    "%": "Write a - floor(a / b) * b.",
    ";": "Write each equation as an entry of the list.",
    "·": 'Write "*".',
    "×": 'Write "*".',
    "−": 'Write "-".',
    "²": "Write a ^ 2.",
    "√": "Write sqrt(a).",
    Σ: "Write sum(a).",
    ᵀ: "Write transpose(a).",
    "≥": 'Write ">=".',
    "≤": 'Write "<=".',
    "'": "Write a prime right after the name of a state: h'.",
  }),
);

/** The tokens up to the end of the text, or up to the first invalid one. */
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
      const message = `the equation has more than ${maxTokens} tokens`;
      return { tokens, problem: syntaxProblem(message, offset, "Split it into several equations.") };
    }
    const match = matchPattern(javascriptPattern) === null ? matchPattern(tokenPattern) : null;
    if (match === null) {
      const unexpected = matchPattern(javascriptPattern)?.[0] ?? expectDefined(matchPattern(/./suy), "a character")[0];
      const message = `${quote(unexpected)} is not allowed in an equation`;
      return { tokens, problem: syntaxProblem(message, offset, hints.get(unexpected)) };
    }
    const { name, number, operator, text: quoted } = expectDefined(match.groups, "the kind of a token");
    const kind = name ? "name" : number ? "number" : operator ? "operator" : quoted ? "text" : "punctuation";
    if (kind === "number" && !Number.isFinite(Number(match[0]))) {
      return { tokens, problem: syntaxProblem(`${match[0]} is too large a number`, offset) };
    }
    tokens.push({ kind, text: match[0], offset, end: offset + match[0].length });
    offset += match[0].length;
  }
}

/** The text of the first argument of a call, by the offset of its function. */
export type Formulas = ReadonlyMap<number, string>;

/** The tokens without the texts that are first arguments, which are no operands. */
export function withoutFormulas(tokens: readonly Token[]): {
  readonly rest: readonly Token[];
  readonly formulas: Formulas;
  readonly problem: EquationProblem | undefined;
} {
  const formulas = new Map<number, string>();
  const rest: Token[] = [];
  for (const [index, token] of tokens.entries()) {
    const [called, open] = [tokens[index - 2], tokens[index - 1]];
    if (token.kind !== "text") {
      if (token.text !== "," || open?.kind !== "text") rest.push(token);
    } else if (called?.kind === "name" && open?.text === "(") {
      formulas.set(called.offset, token.text.slice(1, -1));
    } else {
      const message = `${token.text} is text, which only the first argument of a function can be`;
      const hint = 'A formula is one: einsum("ij,j->i", a, b). A prime follows the name of a state: h\'.';
      return { rest, formulas, problem: syntaxProblem(message, token.offset, hint) };
    }
  }
  return { rest, formulas, problem: undefined };
}

/** From the index of each opening parenthesis to that of the closing one. */
export type Parentheses = ReadonlyMap<number, number>;

export type GrammarCheck =
  | { readonly ok: true; readonly parentheses: Parentheses }
  | { readonly ok: false; readonly problem: EquationProblem };

/**
 * Checks that the tokens form an expression: operands and operators alternate, parentheses are balanced, and commas
 * occur only between the arguments of a call. Afterwards the parser cannot fail.
 */
export function checkGrammar(tokens: readonly Token[], end: number): GrammarCheck {
  const parentheses = new Map<number, number>();
  const open: number[] = [];
  const isCall = (index: number) => tokens[index - 1]?.kind === "name";
  let expectsOperand = true;
  for (const [index, token] of tokens.entries()) {
    const fail = (message: string, hint?: string) => grammarProblem(message, token.offset, hint);
    const quoted = JSON.stringify(token.text);
    if (token.text === "=") return fail('an equation has one "="', equalsHint(tokens[index - 1], open.length > 0));
    const callWithoutArguments = token.text === ")" && index - 1 === open.at(-1) && isCall(index - 1);
    if (expectsOperand && !callWithoutArguments) {
      if (token.text === "(") open.push(index);
      else if (token.kind === "name" || token.kind === "number") expectsOperand = false;
      else if (token.text !== "-") {
        const isFloorDivision = token.text === "/" && tokens[index - 1]?.text === "/";
        return fail(`a value is missing before ${quoted}`, isFloorDivision ? "Write floor(a / b)." : undefined);
      }
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
      if (opening === undefined || !isCall(opening))
        return fail('"," is allowed only between the arguments of a function');
      expectsOperand = true;
    } else if (token.kind === "operator") {
      expectsOperand = true;
    } else {
      const hint = wordHints.get(token.text) ?? 'Write "*" for a product, "@" for a matrix product.';
      return fail(`an operator is missing before ${quoted}`, hint);
    }
  }
  const unclosed = tokens[open.at(-1) ?? -1];
  if (expectsOperand) return grammarProblem("a value is missing at the end", end);
  if (unclosed !== undefined) return grammarProblem('"(" is never closed', unclosed.offset);
  return { ok: true, parentheses };
}

/** Words between two operands in other languages. */
const wordHints: ReadonlyMap<string, string> = new Map([
  ["if", "Write where(condition, a, b)."],
  ["else", "Write where(condition, a, b)."],
  ["and", "Write where(first, where(second, a, b), b)."],
  ["or", "Write where(first, a, where(second, a, b))."],
]);

function equalsHint(before: Token | undefined, isArgument: boolean): string {
  return isArgument && before?.kind === "name"
    ? 'Arguments have no names: an axis is a number from the last, "sum(a, -1)". To compare, write "==".'
    : 'To compare, write "==".';
}

function grammarProblem(message: string, offset: number, hint?: string): GrammarCheck {
  return { ok: false, problem: syntaxProblem(message, offset, hint) };
}

export function syntaxProblem(message: string, offset: number, hint?: string): EquationProblem {
  return { code: "equation-syntax", message, offset, ...(hint !== undefined && { hint }) };
}

/** A name on the left side of an equation. */
export interface Target {
  readonly name: string;
  readonly offset: number;
}

/** The tokens before the equals sign; undefined without one. */
export function leftSide(tokens: readonly Token[]): readonly Token[] | undefined {
  const equals = tokens.findIndex(({ text }) => text === "=");
  return equals < 0 ? undefined : tokens.slice(0, equals);
}

/** The names of a left side: every other token, with commas between them. */
export function targetsIn(left: readonly Token[]): readonly Target[] {
  return left.flatMap(({ kind, text, offset }, index) =>
    index % 2 === 0 && kind === "name" ? [{ name: text, offset }] : [],
  );
}

/** The names that an equation sets, as far as it can be tokenized. */
export function assignedNames(source: string): readonly string[] {
  return targetsIn(leftSide(tokenize(source).tokens) ?? []).map(({ name }) => name);
}
