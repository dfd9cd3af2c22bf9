/** What to say of text that is not JSON, given the place where the parser stopped: the first rule that fits. */

import { quote } from "../diagnostics/suggest.js";
import { checkLimits, type TextError } from "./limits.js";

/** The place, and what stands around it. */
interface ErrorContext {
  readonly offset: number;
  /** The text up to here, without the white space before this place. */
  readonly before: string;
  /** From here to the end. */
  readonly rest: string;
  readonly character: string;
  /** The word that starts here. */
  readonly word: string | undefined;
}

type Rule = (stop: ErrorContext) => Omit<TextError, "offset"> & Partial<Pick<TextError, "offset">>;

const foreignLiterals: readonly string[] = ["NaN", "Infinity", "undefined", "None", "True", "False", "nan", "inf"];
const strict = "A spec is strict JSON.";

const rules: readonly (readonly [fits: (stop: ErrorContext) => boolean, say: Rule])[] = [
  [
    ({ character }) => character === "/" || character === "#",
    () => ({ code: "comment", message: "Comments are not allowed here.", hint: `${strict} Take the comment out.` }),
  ],
  [
    ({ character }) => character === "\\",
    ({ rest }) => syntax(`${rest.slice(0, 2)} is not an escape in JSON.`, "A backslash itself is written \\\\."),
  ],
  [
    ({ before }) => /\\u[0-9a-fA-F]{0,3}$/.test(before),
    () => syntax("\\u takes four hexadecimal digits.", "For example \\u00e9."),
  ],
  [
    ({ before }) => before !== "" && checkLimits(before).openBrackets.length === 0,
    () =>
      syntax(
        "There is more text after the end of the spec.",
        "Is a bracket closed too early, or are there two objects in the file?",
      ),
  ],
  [
    ({ character, before }) => /[}\]]/.test(character) && before.endsWith(","),
    ({ before }) => ({
      code: "trailing-comma",
      offset: before.length - 1,
      message: "There is a comma after the last entry.",
      hint: `${strict} Take the comma out.`,
    }),
  ],
  [({ character }) => character === "'", () => syntax("Text takes double quotes.", "Write \"…\" instead of '…'.")],
  [
    ({ word }) => word !== undefined && foreignLiterals.includes(word),
    ({ word }) =>
      syntax(`${word} is not a value in JSON.`, "JSON has true, false, null, numbers and text in double quotes."),
  ],
  [
    ({ word }) => word !== undefined,
    ({ word = "" }) => syntax(`${quote(word)} needs double quotes.`, "Keys and text are written in double quotes."),
  ],
  [({ rest }) => /^-?0\d/.test(rest), () => syntax("A number cannot start with 0.", "Leave out the leading zero.")],
  [
    ({ character }) => character === "+" || character === ".",
    ({ character }) => syntax(`A number cannot start with ${quote(character)}.`, "Write 0.5, -1 or 1e-3."),
  ],
  [
    ({ character }) => /[,:}\]]/.test(character),
    ({ character }) =>
      syntax(
        `Something is missing before this ${quote(character)}.`,
        "Is a key, a value or an opening bracket missing?",
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
  return syntax(`${quote(character)} does not belong here.`, strict);
}

function syntax(message: string, hint: string) {
  return { code: "syntax", message, hint };
}

/** `offset` is where the parser met what it did not expect. */
export function explainSyntax(text: string, offset: number): TextError {
  if (text.trim() === "")
    return { code: "empty", offset: 0, message: "The text is empty.", hint: "A spec is a JSON object: { … }." };
  const rest = text.slice(offset);
  const { openBrackets, openStringOffset } = checkLimits(text);
  const isUnfinished = openBrackets.length > 0 || openStringOffset !== undefined;
  if (isUnfinished && /^[[{]?[\w,:.+-]*\s*$/.test(rest)) return truncated(text, openBrackets, openStringOffset);

  const before = text.slice(0, offset).trimEnd();
  const context = { offset, before, rest, character: rest.slice(0, 1), word: /^[A-Za-z_$][\w$-]*/.exec(rest)?.[0] };
  const [, explain] = rules.find(([fits]) => fits(context)) ?? [context, unexpectedCharacter];
  return { offset, ...explain(context) };
}

function truncated(text: string, openBrackets: readonly number[], openStringOffset: number | undefined): TextError {
  const brackets = openBrackets.length === 1 ? "1 bracket is" : `${openBrackets.length} brackets are`;
  const cause = openStringOffset === undefined ? `${brackets} still open` : "a string is still open";
  const line = text.slice(0, openStringOffset ?? openBrackets.at(-1)).split(/\r\n|\n|\r/).length;
  return {
    code: "truncated",
    offset: text.trimEnd().length,
    message: `The text ends in the middle of the spec: ${cause}.`,
    hint: `The innermost starts in line ${line}; is the file complete?`,
  };
}
