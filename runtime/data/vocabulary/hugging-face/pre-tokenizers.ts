/** The pre-tokenizers of tokenizer.json: a text as pieces, which tokens do not cross. */
import { componentsOf, type Json, refuse } from "./json.js";
import { patternOf } from "./normalizers.js";

/** @param isFirst true for a piece at the start of the text. */
type Divide = (piece: string, isFirst: boolean) => readonly string[];

/** The pieces of a text by a pre-tokenizer or a Sequence of them. @throws Unsupported */
export function preTokenizerOf(preTokenizer: unknown): Divide {
  const steps = componentsOf(preTokenizer, "pretokenizers").map(divideOf);
  return (text, isFirst) =>
    steps
      .reduce<readonly Piece[]>(
        (pieces, divide) =>
          pieces.flatMap((piece) =>
            divide(piece.text, piece.isFirst).map((text, index) => ({
              text,
              isFirst: piece.isFirst && index === 0 && piece.text.startsWith(text.slice(0, 1)),
            })),
          ),
        [{ text, isFirst }],
      )
      .map((piece) => piece.text)
      .filter((piece) => piece !== "");
}

interface Piece {
  readonly text: string;
  readonly isFirst: boolean;
}

const whiteSpace = /\p{White_Space}/gu;
const asciiPunctuation = "!-\\/:-@\\[-`{-~";
const punctuation = new RegExp(`[${asciiPunctuation}\\p{P}]`, "gu");
const words =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

function divideOf(preTokenizer: Json): Divide {
  const { type, behavior = "Isolated" } = preTokenizer;
  switch (type) {
    case "BertPreTokenizer":
      return (piece) => split(piece, whiteSpace, "Removed").flatMap((word) => split(word, punctuation, "Isolated"));
    case "Whitespace":
      return (piece) => piece.match(words) ?? [];
    case "WhitespaceSplit":
      return (piece) => split(piece, whiteSpace, "Removed");
    case "Punctuation":
      return (piece) => split(piece, punctuation, String(behavior));
    case "Digits":
      return (piece) => split(piece, /\p{N}/gu, preTokenizer.individual_digits === true ? "Isolated" : "Contiguous");
    case "Split": {
      const pattern = patternOf(preTokenizer.pattern, "Split");
      if (preTokenizer.invert === true) refuse('has the pre-tokenizer "Split" with invert');
      checkBehavior(behavior);
      return (piece) => split(piece, pattern, String(behavior));
    }
    case "Metaspace":
      return metaspace(preTokenizer);
    default:
      return refuse(`has the pre-tokenizer "${type}"`);
  }
}

/** The texts that a mark is put before; `add_prefix_space` is that of versions before 0.15. */
export function prependScheme({ prepend_scheme, add_prefix_space }: Json): string {
  return String(prepend_scheme ?? (add_prefix_space === false ? "never" : "always"));
}

function metaspace(preTokenizer: Json): Divide {
  const mark = String(preTokenizer.replacement ?? "▁");
  const scheme = prependScheme(preTokenizer);
  const pattern = patternOf({ String: mark }, "Metaspace");
  return (piece, isFirst) => {
    const marked = piece.replaceAll(" ", mark);
    const isPrepended = (scheme === "always" || (scheme === "first" && isFirst)) && !marked.startsWith(mark);
    const whole = isPrepended ? `${mark}${marked}` : marked;
    return preTokenizer.split === false ? [whole] : split(whole, pattern, "MergedWithNext");
  };
}

const behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"];

function checkBehavior(behavior: unknown): void {
  if (!behaviors.includes(String(behavior))) refuse(`has a pre-tokenizer with the behavior "${behavior}"`);
}

/** A text divided at the matches of a pattern. */
function split(text: string, pattern: RegExp, behavior: string): readonly string[] {
  const parts: { text: string; isMatch: boolean }[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(pattern)) {
    if (index > end) parts.push({ text: text.slice(end, index), isMatch: false });
    if (found !== "") parts.push({ text: found, isMatch: true });
    end = index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isMatch: false });
  switch (behavior) {
    case "Removed":
      return parts.flatMap((part) => (part.isMatch ? [] : [part.text]));
    case "MergedWithPrevious":
      return mergeParts(parts, (part, previous) => part.isMatch && !previous.isMatch);
    case "MergedWithNext":
      return mergeParts(parts.toReversed(), (part, previous) => part.isMatch && !previous.isMatch, true).toReversed();
    case "Contiguous":
      return mergeParts(parts, (part, previous) => part.isMatch === previous.isMatch);
    default:
      return parts.map((part) => part.text);
  }
}

/** Parts joined to the one before, which has the kind of its last member. */
function mergeParts(
  parts: readonly { readonly text: string; readonly isMatch: boolean }[],
  joins: (part: Omit<(typeof parts)[number], "text">, previous: Omit<(typeof parts)[number], "text">) => boolean,
  isReversed = false,
): readonly string[] {
  const merged: string[] = [];
  let previous: (typeof parts)[number] | undefined;
  for (const part of parts) {
    const last = merged.length - 1;
    if (previous !== undefined && joins(part, previous))
      merged[last] = isReversed ? part.text + merged[last] : merged[last] + part.text;
    else merged.push(part.text);
    previous = part;
  }
  return merged;
}
