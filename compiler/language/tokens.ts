/** The words of an equation and their places, and the order they may stand in: all that is wrong with its form is found here. */
import { quote } from "../../schema/wording.js";
import { present } from "../ir/present.js";

/** What is wrong with an equation, at an offset into its text. */
export interface Fault {
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
export const longestEquation = 1000;

const space = /[ \t\r\n]*/y;
/** JavaScript that people reach for: taken whole, so that the message names what was written. */
const foreign = /===|!==|\*\*|&&|\|\||<<|>>|\?\?|=>/y;
const word =
  /(?<name>[A-Za-z_]\w*'*)|(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<operator>[<>=!]=|[-+*/@<>])|(?<mark>[(),=])/y;

const advice: ReadonlyMap<string, string> = new Map(
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
export function tokenize(text: string): { readonly tokens: readonly Token[]; readonly fault: Fault | undefined } {
  const tokens: Token[] = [];
  let offset = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = offset;
    return pattern.exec(text);
  };
  for (;;) {
    offset += present(take(space), "any space")[0].length;
    if (offset === text.length) return { tokens, fault: undefined };
    if (tokens.length === longestEquation) {
      const message = `the equation has more than ${longestEquation} words`;
      return { tokens, fault: syntaxFault(message, offset, "Give its parts names.") };
    }
    const match = take(foreign) === null ? take(word) : null;
    if (match === null) {
      const stranger = take(foreign)?.[0] ?? present(take(/./suy), "a character")[0];
      const message = `${quote(stranger)} has no meaning in an equation`;
      return { tokens, fault: syntaxFault(message, offset, advice.get(stranger)) };
    }
    const { name, number, operator } = present(match.groups, "what a word is");
    const kind = name ? "name" : number ? "number" : operator ? "operator" : "mark";
    if (kind === "number" && !Number.isFinite(Number(match[0]))) {
      return { tokens, fault: syntaxFault(`${match[0]} is too large a number`, offset) };
    }
    tokens.push({ kind, text: match[0], offset, end: offset + match[0].length });
    offset += match[0].length;
  }
}

/** The index of each opening parenthesis to that of the one that closes it. */
export type Parentheses = ReadonlyMap<number, number>;

export type Ordered =
  | { readonly ok: true; readonly parentheses: Parentheses }
  | { readonly ok: false; readonly fault: Fault };

/**
 * Whether words stand in the order of an expression: operands and operators in turn, parentheses in pairs, commas between
 * the arguments of a call. Where they do, the parser cannot fail.
 */
export function orderOf(tokens: readonly Token[], end: number): Ordered {
  const parentheses = new Map<number, number>();
  const open: number[] = [];
  const isCall = (index: number) => tokens[index - 1]?.kind === "name";
  let operandNext = true;
  for (const [index, token] of tokens.entries()) {
    const fault = (message: string, hint?: string) => disorder(message, token.offset, hint);
    const quoted = JSON.stringify(token.text);
    if (token.text === "=") return fault('an equation has one "="', 'To compare, write "==".');
    const callWithoutArguments = token.text === ")" && index - 1 === open.at(-1) && isCall(index - 1);
    if (operandNext && !callWithoutArguments) {
      if (token.text === "(") open.push(index);
      else if (token.kind === "name" || token.kind === "number") operandNext = false;
      else if (token.text !== "-") return fault(`a value is missing before ${quoted}`);
    } else if (token.text === "(" && isCall(index)) {
      open.push(index);
      operandNext = true;
    } else if (token.text === ")") {
      const opening = open.pop();
      if (opening === undefined) return fault('")" closes nothing');
      parentheses.set(opening, index);
      operandNext = false;
    } else if (token.text === ",") {
      const opening = open.at(-1);
      if (opening === undefined || !isCall(opening))
        return fault('"," stands between the arguments of a function only');
      operandNext = true;
    } else if (token.kind === "operator") {
      operandNext = true;
    } else {
      return fault(`an operator is missing before ${quoted}`, 'Write "*" for a product, "@" for a matrix product.');
    }
  }
  const unclosed = tokens[open.at(-1) ?? -1];
  if (operandNext) return disorder("a value is missing at the end", end);
  if (unclosed !== undefined) return disorder('"(" is never closed', unclosed.offset);
  return { ok: true, parentheses };
}

function disorder(message: string, offset: number, hint?: string): Ordered {
  return { ok: false, fault: syntaxFault(message, offset, hint) };
}

export function syntaxFault(message: string, offset: number, hint?: string): Fault {
  return { code: "equation-syntax", message, offset, ...(hint !== undefined && { hint }) };
}
