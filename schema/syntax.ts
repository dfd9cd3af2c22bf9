/** What to say of text that is not JSON, given the place where the parser stopped. */
import { type Flaw, scanText } from "./scan.js";
import { quote } from "./wording.js";

const notJson = ["NaN", "Infinity", "undefined", "None", "True", "False", "nan", "inf"];

/** `offset` is where the parser met what it did not expect. */
export function explainSyntax(text: string, offset: number): Flaw {
  const flaw = (message: string, hint: string, code = "syntax", at = offset): Flaw => ({
    code,
    offset: at,
    message,
    hint,
  });
  const { open, openString } = scanText(text);
  const rest = text.slice(offset);
  if (text.trim() === "") return flaw("The text is empty.", "A spec is a JSON object: { … }.", "empty", 0);
  if ((open.length > 0 || openString !== undefined) && /^[\w,:.+-]*\s*$/.test(rest))
    return truncated(text, open, openString);

  const before = text.slice(0, offset).trimEnd();
  const previous = before.at(-1) ?? "";
  const character = text[offset] ?? "";
  const word = /^[A-Za-z_$][\w$-]*/.exec(rest)?.[0];
  const strict = "A spec is strict JSON.";

  if (character === "/" || character === "#")
    return flaw("Comments are not allowed here.", `${strict} Take the comment out.`, "comment");
  if (text[offset - 1] === "\\" && openString === undefined && word !== undefined)
    return flaw(`\\${character} is not an escape in JSON.`, "A backslash itself is written \\\\.");
  if (before !== "" && scanText(before).open.length === 0)
    return flaw(
      "There is more text after the end of the spec.",
      "Is a bracket closed too early, or are there two objects in the file?",
    );
  if ((character === "}" || character === "]") && previous === ",")
    return flaw(
      "There is a comma after the last entry.",
      `${strict} Take the comma out.`,
      "trailing-comma",
      before.length - 1,
    );
  if (character === "'") return flaw("Text takes double quotes.", "Write \"…\" instead of '…'.");
  if (word !== undefined && notJson.includes(word))
    return flaw(`${word} is not a value in JSON.`, "JSON has true, false, null, numbers and text in double quotes.");
  if (word !== undefined)
    return flaw(`${quote(word)} needs double quotes.`, "Keys and text are written in double quotes.");
  if (/\d/.test(character) && previous === "0" && before.length === offset)
    return flaw("A number cannot start with 0.", "Leave out the leading zero.");
  if (character === "+" || character === ".")
    return flaw(`A number cannot start with ${character}.`, "Write 0.5, -1 or 1e-3.");
  if (character === "," || character === ":" || character === "}" || character === "]")
    return flaw(
      `Something is missing before this ${quote(character)}.`,
      "Is a key, a value or an opening bracket missing?",
    );
  if (/["\d[{-]/.test(character))
    return flaw(
      "A comma or a colon is missing before this.",
      "Entries are separated by commas; a key and its value by a colon.",
    );
  return flaw(`${quote(String.fromCodePoint(text.codePointAt(offset) ?? 0xfffd))} does not belong here.`, strict);
}

function truncated(text: string, open: readonly number[], openString: number | undefined): Flaw {
  const brackets = open.length === 1 ? "1 bracket is" : `${open.length} brackets are`;
  const what = openString === undefined ? `${brackets} still open` : "a string is still open";
  const line = text.slice(0, openString ?? open.at(-1) ?? 0).split(/\r\n|\n|\r/).length;
  return {
    code: "truncated",
    offset: text.trimEnd().length,
    message: `The text ends in the middle of the spec: ${what}.`,
    hint: `The innermost starts in line ${line}; is the file complete?`,
  };
}
