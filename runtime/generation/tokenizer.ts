/** Text as ids of a vocabulary, and ids as text: what a run keeps of the data that it was trained on. */
import type { TextMetadata } from "../data/metadata.js";
import { tokenize, unitNames } from "../data/vocabulary/tokens.js";
import { fail, ok, type Result } from "../result.js";

/** Units that a message names at most. */
const MAX_LISTED_UNITS = 5;

/**
 * The ids of a prompt.
 *
 * @param path where the prompt stands in the spec; empty for a flag.
 */
export function encodePrompt(
  prompt: string,
  { unit, vocabulary, unknown }: TextMetadata,
  path: string,
): Result<readonly number[]> {
  const idsByUnit = new Map(vocabulary.map((entry, id) => [entry, id]));
  if (unknown !== undefined) idsByUnit.delete(vocabulary[unknown] ?? "");
  const units = tokenize(prompt, unit);
  const unknownUnits = [...new Set(units.filter((entry) => !idsByUnit.has(entry)))];
  if (unknownUnits.length === 0) return ok(units.map((entry) => idsByUnit.get(entry) ?? 0));
  const name = unitNames[unit];
  const list = unknownUnits.slice(0, MAX_LISTED_UNITS).map((entry) => JSON.stringify(entry));
  const more = unknownUnits.length > MAX_LISTED_UNITS ? `, and ${unknownUnits.length - MAX_LISTED_UNITS} more` : "";
  return fail([
    {
      code: "unknown-unit",
      path,
      message: `The prompt has ${name}s that the training text does not: ${list.join(", ")}${more}.`,
      hint: `Use only the ${vocabulary.length - (unknown === undefined ? 0 : 1)} ${name}s of the vocabulary.`,
    },
  ]);
}

/** What is read before anything is chosen. Without a prompt the first unit of the training text, whose id is 0, is written first. */
export function splitPrompt(
  prompt: readonly number[],
  length: number,
): { readonly promptIds: readonly number[]; readonly remainingLength: number } {
  return prompt.length > 0
    ? { promptIds: prompt, remainingLength: length }
    : { promptIds: [0], remainingLength: length - 1 };
}

/** Puts ids together as text, piece by piece: bytes may be parts of a character that is not whole yet. */
export interface Detokenizer {
  /** What the next unit adds to the text. */
  add(id: number): string;
  /** What is left at the end. */
  end(): string;
}

export function createDetokenizer({ unit, vocabulary }: TextMetadata): Detokenizer {
  const bytes = new TextDecoder();
  let isFirst = true;
  return {
    add(id) {
      const entry = vocabulary[id] ?? "";
      const separator = unit === "word" && !isFirst ? " " : "";
      isFirst = false;
      return unit === "byte" ? bytes.decode(Uint8Array.of(Number(entry)), { stream: true }) : `${separator}${entry}`;
    },
    end: () => (unit === "byte" ? bytes.decode() : ""),
  };
}
