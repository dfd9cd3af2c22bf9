/** Text as ids of a vocabulary, and ids as text: what a run keeps of the data that it was trained on. */
import type { TextMetadata } from "./data/metadata.js";
import { type Checked, refuse } from "./problem.js";

type Unit = TextMetadata["vocabulary"][number];

export function unitsOf(text: string, unit: TextMetadata["unit"]): readonly Unit[] {
  switch (unit) {
    case "char":
      return [...text];
    case "word":
      return text.split(/\s+/u).filter((word) => word !== "");
    case "byte":
      return [...new TextEncoder().encode(text)];
  }
}

/** Units that a message names at most. */
const named = 5;

/**
 * The ids of a prompt.
 *
 * @param path where the prompt stands in the spec; empty for a flag.
 */
export function encodePrompt(
  prompt: string,
  { unit, vocabulary, unknown }: TextMetadata,
  path: string,
): Checked<{ readonly ids: readonly number[] }> {
  const numbers = new Map(vocabulary.map((entry, id) => [entry, id]));
  if (unknown !== undefined) numbers.delete(vocabulary[unknown] ?? "");
  const units = unitsOf(prompt, unit);
  const strange = [...new Set(units.filter((entry) => !numbers.has(entry)))];
  if (strange.length === 0) return { ok: true, ids: units.map((entry) => numbers.get(entry) ?? 0) };
  const name = { char: "character", word: "word", byte: "byte" }[unit];
  const list = strange.slice(0, named).map((entry) => JSON.stringify(entry));
  const more = strange.length > named ? `, and ${strange.length - named} more` : "";
  return refuse({
    code: "unknown-unit",
    path,
    message: `The prompt has ${name}s that the training text does not: ${list.join(", ")}${more}.`,
    hint: `Use only the ${vocabulary.length - (unknown === undefined ? 0 : 1)} ${name}s of the vocabulary.`,
  });
}

/** What is read before anything is chosen. Without a prompt the first unit of the training text, whose id is 0, is written first. */
export function opening(
  prompt: readonly number[],
  length: number,
): { readonly start: readonly number[]; readonly rest: number } {
  return prompt.length > 0 ? { start: prompt, rest: length } : { start: [0], rest: length - 1 };
}

/** Puts ids together as text, piece by piece: bytes may be parts of a character that is not whole yet. */
export interface Speller {
  /** What the next unit adds to the text. */
  add(id: number): string;
  /** What is left at the end. */
  end(): string;
}

export function openSpeller({ unit, vocabulary }: TextMetadata): Speller {
  const bytes = new TextDecoder();
  let first = true;
  return {
    add(id) {
      const entry = vocabulary[id] ?? "";
      const gap = unit === "word" && !first ? " " : "";
      first = false;
      return unit === "byte" ? bytes.decode(Uint8Array.of(Number(entry)), { stream: true }) : `${gap}${entry}`;
    },
    end: () => (unit === "byte" ? bytes.decode() : ""),
  };
}
