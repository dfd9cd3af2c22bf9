/** Limits of JSON text, checked in one pass before the parser: depth, number of values, control characters. */
import { formatInteger } from "../counts.js";

export const maximumDepth = 64;
const maximumValues = 250_000;

/** An error in the text, at an offset in UTF-16 code units. */
export interface TextError {
  readonly code: string;
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

export interface TextScan {
  readonly error: TextError | undefined;
  /** Offsets of the open brackets, outermost first. */
  readonly openBrackets: readonly number[];
  /** Offset of the quote of an unclosed string. */
  readonly openStringOffset: number | undefined;
}

const quotationMark = 0x22;
const backslash = 0x5c;

export function checkLimits(text: string): TextScan {
  const openBrackets: number[] = [];
  let values = 0;
  let openStringOffset: number | undefined;
  const fail = (error: TextError): TextScan => ({ error, openBrackets, openStringOffset });

  for (let offset = 0; offset < text.length; offset++) {
    const character = text.charCodeAt(offset);
    if (character === 0)
      return fail({
        code: "nul-character",
        offset,
        message: "The text contains a NUL character.",
        hint: "Is this a text file?",
      });
    if (openStringOffset !== undefined) {
      if (character === backslash) offset++;
      else if (character === quotationMark) openStringOffset = undefined;
      else if (character < 0x20) return fail(rawCharacter(character, offset, openStringOffset));
      continue;
    }
    switch (text[offset]) {
      case '"':
        openStringOffset = offset;
        break;
      case "{":
      case "[":
        if (openBrackets.length === maximumDepth) return fail(tooDeep(offset));
        openBrackets.push(offset);
        break;
      case "}":
      case "]":
        openBrackets.pop();
        break;
      case ",":
        if (++values > maximumValues) return fail(tooMany(offset));
        break;
      case "/":
        // No JSON value has a bare slash: the parser stops here too, and quotes in a comment open no string.
        return { error: undefined, openBrackets, openStringOffset };
    }
  }
  return { error: undefined, openBrackets, openStringOffset };
}

function tooDeep(offset: number): TextError {
  return {
    code: "too-deep",
    offset,
    message: `The text nests deeper than ${maximumDepth} levels.`,
    hint: "Check that this is the right file.",
  };
}

function tooMany(offset: number): TextError {
  return {
    code: "too-many-values",
    offset,
    message: `The text has more than ${formatInteger(maximumValues)} values.`,
    hint: "Store large arrays in .npy files and name those files in the spec.",
  };
}

function rawCharacter(character: number, offset: number, start: number): TextError {
  if (character === 0x0a || character === 0x0d) {
    return {
      code: "syntax",
      offset: start,
      message: "The string that starts here is not closed on its line.",
      hint: 'Close it with ", and write a line break inside text as \\n.',
    };
  }
  const escapeSequence = character === 0x09 ? "\\t" : `\\u${character.toString(16).padStart(4, "0")}`;
  return {
    code: "syntax",
    offset,
    message: "Control characters inside a string must be escaped.",
    hint: `Write ${escapeSequence} instead.`,
  };
}
