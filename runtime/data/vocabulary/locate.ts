/** Lines and columns, from 1, of units in a text that is read in chunks. */
import type { NormalTextData } from "../../../schema/normal/index.js";

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Locator {
  /** Reads the next chunk; returns false once all positions are known. */
  push(chunk: string): boolean;
  /** In the order of the indices. */
  readonly positions: readonly Position[];
}

/** @param indices of code points or words, ascending. */
export function locate(unit: Exclude<NormalTextData["unit"], "byte">, indices: readonly number[]): Locator {
  const positions: Position[] = [];
  let [line, column, unitIndex, previous] = [1, 1, 0, ""];
  return {
    positions,
    push(chunk) {
      for (const character of chunk) {
        if (positions.length === indices.length) return false;
        // A carriage return and its line feed end one line.
        if (previous === "\n" || (previous === "\r" && character !== "\n")) [line, column] = [line + 1, 1];
        const startsUnit = unit === "char" || (/\S/u.test(character) && !/\S/u.test(previous));
        if (startsUnit && unitIndex++ === indices[positions.length]) positions.push({ line, column });
        column++;
        previous = character;
      }
      return positions.length < indices.length;
    },
  };
}

/** The position of one unit in a complete text. */
export function positionOf(content: string, unit: Exclude<NormalTextData["unit"], "byte">, index: number): Position {
  const locator = locate(unit, [index]);
  locator.push(content);
  return locator.positions[0] ?? { line: 1, column: 1 };
}
