/** One linear walk over JSON text for what a recursive parser must not meet: too much depth, too many values, raw control characters. */

export const maximumDepth = 64;
export const maximumValues = 250_000;

/** What is wrong with the text itself, at an offset in UTF-16 code units. */
export interface Flaw {
  readonly code: string;
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

export interface Scan {
  readonly flaw: Flaw | undefined;
  /** Offsets of the brackets that are not closed, outermost first. */
  readonly open: readonly number[];
  /** Offset of the quote of a string that the text ends in. */
  readonly openString: number | undefined;
}

const quotationMark = 0x22;
const backslash = 0x5c;

export function scanText(text: string): Scan {
  const open: number[] = [];
  let values = 0;
  let openString: number | undefined;
  const stop = (flaw: Flaw): Scan => ({ flaw, open, openString });

  for (let offset = 0; offset < text.length; offset++) {
    const character = text.charCodeAt(offset);
    if (character === 0)
      return stop({
        code: "nul-character",
        offset,
        message: "The text holds a NUL character.",
        hint: "Is this a text file?",
      });
    if (openString !== undefined) {
      if (character === backslash) offset++;
      else if (character === quotationMark) openString = undefined;
      else if (character < 0x20) return stop(rawCharacter(character, offset, openString));
      continue;
    }
    switch (text[offset]) {
      case '"':
        openString = offset;
        break;
      case "{":
      case "[":
        if (open.length === maximumDepth) return stop(tooDeep(offset));
        open.push(offset);
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ",":
        if (++values > maximumValues) return stop(tooMany(offset));
        break;
      case "/":
        // No JSON value has a bare slash: the parser stops here too, and quotes in a comment mean nothing.
        return { flaw: undefined, open, openString };
    }
  }
  return { flaw: undefined, open, openString };
}

function tooDeep(offset: number): Flaw {
  return {
    code: "too-deep",
    offset,
    message: `The text nests deeper than ${maximumDepth} levels.`,
    hint: "No spec needs that; is this the right file?",
  };
}

function tooMany(offset: number): Flaw {
  return {
    code: "too-many-values",
    offset,
    message: `The text holds more than ${maximumValues} values.`,
    hint: "Keep large arrays in .npy files and name those in the spec.",
  };
}

function rawCharacter(character: number, offset: number, start: number): Flaw {
  if (character === 0x0a || character === 0x0d) {
    return {
      code: "syntax",
      offset: start,
      message: "The string that starts here is not closed on its line.",
      hint: 'Close it with ", and write a line break inside text as \\n.',
    };
  }
  const written = character === 0x09 ? "\\t" : `\\u${character.toString(16).padStart(4, "0")}`;
  return {
    code: "syntax",
    offset,
    message: "Control characters inside a string must be escaped.",
    hint: `Write ${written} instead.`,
  };
}
