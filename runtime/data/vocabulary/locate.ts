/** Lines and columns, from 1, of units in a text that is read in chunks. */
import { normalizeText, type Tokenization } from "./normalize-text.js";

type TextTokenization = Tokenization<"char" | "word">;

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Locator {
  /** Reads the next chunk; returns false once all positions are known. A line feed ends the text. */
  push(chunk: string): boolean;
  /** In the order of the indices. */
  readonly positions: readonly Position[];
}

/** A character with the marks that may compose with it. */
const cluster = /[^\p{M}\u1160-\u11ff][\p{M}\u1160-\u11ff]*|[\p{M}\u1160-\u11ff]+/gu;

/** @param indices of code points or words, ascending. */
export function locate(tokenization: TextTokenization, indices: readonly number[]): Locator {
  const { unit, normalization } = tokenization;
  const positions: Position[] = [];
  let [line, column, unitIndex, previous] = [1, 1, 0, ""];
  let previousUnit = "";
  /** The last character of a chunk: marks of the next chunk may compose with it. */
  let pending = "";
  return {
    positions,
    push(chunk) {
      const clusters = normalization === undefined ? [...chunk] : ((pending + chunk).match(cluster) ?? []);
      pending = normalization === undefined ? "" : (clusters.pop() ?? "");
      for (const characters of clusters) {
        if (positions.length === indices.length) return false;
        // A carriage return and its line feed end one line.
        if (previous === "\n" || (previous === "\r" && characters !== "\n")) [line, column] = [line + 1, 1];
        for (const character of normalizeText(characters, tokenization)) {
          const startsUnit = unit === "char" || (/\S/u.test(character) && !/\S/u.test(previousUnit));
          if (startsUnit && unitIndex++ === indices[positions.length]) positions.push({ line, column });
          previousUnit = character;
        }
        column += normalization === undefined ? 1 : [...characters].length;
        previous = characters;
      }
      return positions.length < indices.length;
    },
  };
}

/** The position of one unit in a complete text. */
export function positionOf(content: string, tokenization: TextTokenization, index: number): Position {
  const locator = locate(tokenization, [index]);
  locator.push(`${content}\n`);
  return locator.positions[0] ?? { line: 1, column: 1 };
}
