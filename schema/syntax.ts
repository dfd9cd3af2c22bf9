/** What to say of text that is not JSON, given the place where the parser stopped: the first rule that fits. */
import { type Flaw, scanText } from "./scan.js";
import { quote } from "./wording.js";

/** The place, and what stands around it. */
interface Stop {
  readonly offset: number;
  /** The text up to here, without the white space before this place. */
  readonly before: string;
  /** From here to the end. */
  readonly rest: string;
  readonly character: string;
  /** The word that starts here. */
  readonly word: string | undefined;
}

type Rule = (stop: Stop) => Omit<Flaw, "offset"> & Partial<Pick<Flaw, "offset">>;

const notJson: readonly string[] = ["NaN", "Infinity", "undefined", "None", "True", "False", "nan", "inf"];
const strict = "A spec is strict JSON.";

const rules: readonly (readonly [fits: (stop: Stop) => boolean, say: Rule])[] = [
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
    ({ before }) => before !== "" && scanText(before).open.length === 0,
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
    ({ word }) => word !== undefined && notJson.includes(word),
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

function stranger({ rest }: Stop) {
  const [character = ""] = rest;
  return syntax(`${quote(character)} does not belong here.`, strict);
}

function syntax(message: string, hint: string) {
  return { code: "syntax", message, hint };
}

/** `offset` is where the parser met what it did not expect. */
export function explainSyntax(text: string, offset: number): Flaw {
  if (text.trim() === "")
    return { code: "empty", offset: 0, message: "The text is empty.", hint: "A spec is a JSON object: { … }." };
  const rest = text.slice(offset);
  const { open, openString } = scanText(text);
  const unfinished = open.length > 0 || openString !== undefined;
  if (unfinished && /^[[{]?[\w,:.+-]*\s*$/.test(rest)) return truncated(text, open, openString);

  const before = text.slice(0, offset).trimEnd();
  const stop = { offset, before, rest, character: rest.slice(0, 1), word: /^[A-Za-z_$][\w$-]*/.exec(rest)?.[0] };
  const [, say] = rules.find(([fits]) => fits(stop)) ?? [stop, stranger];
  return { offset, ...say(stop) };
}

function truncated(text: string, open: readonly number[], openString: number | undefined): Flaw {
  const brackets = open.length === 1 ? "1 bracket is" : `${open.length} brackets are`;
  const what = openString === undefined ? `${brackets} still open` : "a string is still open";
  const line = text.slice(0, openString ?? open.at(-1)).split(/\r\n|\n|\r/).length;
  return {
    code: "truncated",
    offset: text.trimEnd().length,
    message: `The text ends in the middle of the spec: ${what}.`,
    hint: `The innermost starts in line ${line}; is the file complete?`,
  };
}
