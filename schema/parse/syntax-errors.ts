/** Explanations of invalid JSON text at the offset where the parser stopped: the first rule that matches. */

import { quote } from "../diagnostics/suggest.js";
import { checkLimits, type TextError, type TextScan } from "./limits.js";

/** The text around the offset where the parser stopped. */
interface ErrorContext {
  readonly offset: number;
  /** The text before the offset, without trailing white space. */
  readonly before: string;
  /** The text from the offset to the end. */
  readonly rest: string;
  readonly character: string;
  /** The identifier at the offset. */
  readonly word: string | undefined;
}

type Explain = (context: ErrorContext) => Omit<TextError, "offset"> & Partial<Pick<TextError, "offset">>;

const foreignLiterals: readonly string[] = ["NaN", "Infinity", "undefined", "None", "True", "False", "nan", "inf"];
const strict = "A spec is strict JSON.";

const rules: readonly (readonly [matches: (context: ErrorContext) => boolean, explain: Explain])[] = [
  [
    ({ character }) => character === "/" || character === "#",
    () => ({ code: "comment", message: "Comments are not allowed here.", hint: `${strict} Remove the comment.` }),
  ],
  [
    ({ character }) => character === "\\",
    ({ rest }) => syntax(`${rest.slice(0, 2)} is not an escape sequence in JSON.`, "Write a backslash as \\\\."),
  ],
  [
    ({ before }) => /\\u[0-9a-fA-F]{0,3}$/.test(before),
    () => syntax("\\u needs four hexadecimal digits.", "For example \\u00e9."),
  ],
  [
    ({ before }) => before !== "" && checkLimits(before).openBrackets.length === 0,
    () =>
      syntax(
        "Unexpected text after the end of the spec.",
        "Look for a bracket that is closed too early, or for a second object.",
      ),
  ],
  [
    ({ character, before }) => /[}\]]/.test(character) && before.endsWith(","),
    ({ before }) => ({
      code: "trailing-comma",
      offset: before.length - 1,
      message: "Trailing comma after the last entry.",
      hint: `${strict} Remove the comma.`,
    }),
  ],
  [({ character }) => character === "'", () => syntax("Strings need double quotes.", "Write \"…\" instead of '…'.")],
  [
    ({ word }) => word !== undefined && foreignLiterals.includes(word),
    ({ word }) =>
      syntax(`${word} is not a JSON value.`, "JSON has true, false, null, numbers and strings in double quotes."),
  ],
  [
    ({ word }) => word !== undefined,
    ({ word = "" }) => syntax(`${quote(word)} needs double quotes.`, "Write keys and strings in double quotes."),
  ],
  [({ rest }) => /^-?0\d/.test(rest), () => syntax("A number cannot start with 0.", "Remove the leading zero.")],
  [
    ({ character }) => character === "+" || character === ".",
    ({ character }) => syntax(`A number cannot start with ${quote(character)}.`, "Write 0.5, -1 or 1e-3."),
  ],
  [
    ({ character }) => /[,:}\]]/.test(character),
    ({ character }) =>
      syntax(
        `A key, a value or a bracket is missing before this ${quote(character)}.`,
        "Complete the entry, or remove the character.",
      ),
  ],
  [
    ({ character }) => /["\d[{-]/.test(character),
    () =>
      syntax(
        "A comma or a colon is missing before this.",
        "Entries are separated by commas; a key and its value by a colon.",
      ),
  ],
];

function unexpectedCharacter({ rest }: ErrorContext) {
  const [character = ""] = rest;
  return syntax(`Unexpected character ${quote(character)}.`, strict);
}

function syntax(message: string, hint: string) {
  return { code: "syntax", message, hint };
}

/** @param offset of the first unexpected character, in UTF-16 code units. */
export function explainSyntax(text: string, offset: number): TextError {
  if (text.trim() === "")
    return { code: "empty", offset: 0, message: "The text is empty.", hint: "A spec is a JSON object: { … }." };
  const rest = text.slice(offset);
  const scan = checkLimits(text);
  if (isBeginningOfJson(text, scan)) return truncated(text, scan.openBrackets, scan.openStringOffset);

  const before = text.slice(0, offset).trimEnd();
  const context = { offset, before, rest, character: rest.slice(0, 1), word: /^[A-Za-z_$][\w$-]*/.exec(rest)?.[0] };
  const [, explain] = rules.find(([matches]) => matches(context)) ?? [context, unexpectedCharacter];
  return { offset, ...explain(context) };
}

/** Completions of an open string, which may end within an escape sequence. */
const stringEnds: readonly string[] = ['"', '\\"', '0"', '00"', '000"', '0000"'];

/** True if the text continues to a JSON value: with some completion of its last token and its brackets it is one. */
function isBeginningOfJson(text: string, { openBrackets, openStringOffset }: TextScan): boolean {
  if (openBrackets.length === 0) return false;
  const closingBrackets = openBrackets.map((offset) => (text[offset] === "{" ? "}" : "]")).toReversed();
  let wordStart = text.length;
  while (/[\w+.-]/.test(text.charAt(wordStart - 1))) wordStart--;
  const bases =
    openStringOffset === undefined
      ? [wordStart < text.length ? `${text.slice(0, wordStart)}0` : text]
      : stringEnds.map((end) => text + end);
  const tails = ["", "0", ":0", '"":0'];
  return bases.some((base) => tails.some((tail) => isJson(base + tail + closingBrackets.join(""))));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function truncated(text: string, openBrackets: readonly number[], openStringOffset: number | undefined): TextError {
  const brackets = openBrackets.length === 1 ? "1 bracket is" : `${openBrackets.length} brackets are`;
  const cause = openStringOffset === undefined ? `${brackets} still open` : "a string is still open";
  const line = text.slice(0, openStringOffset ?? openBrackets.at(-1)).split(/\r\n|\n|\r/).length;
  return {
    code: "truncated",
    offset: text.trimEnd().length,
    message: `The text ends before the spec is complete: ${cause}.`,
    hint: `The innermost opens in line ${line}. Check that the file is complete.`,
  };
}
