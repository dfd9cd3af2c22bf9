/** Where units of a text stand: lines and columns, from 1, of their places in a text that is read piece by piece. */
import type { NormalTextData } from "../../schema/normal.js";

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Locator {
  /** Reads on; false once all places have been found. */
  push(piece: string): boolean;
  /** In the order of the places. */
  readonly positions: readonly Position[];
}

/** @param places of code points, or of words, in rising order. */
export function locate(unit: Exclude<NormalTextData["unit"], "byte">, places: readonly number[]): Locator {
  const positions: Position[] = [];
  let [line, column, count, before] = [1, 1, 0, ""];
  return {
    positions,
    push(piece) {
      for (const character of piece) {
        if (positions.length === places.length) return false;
        // A carriage return and its line feed end one line.
        if (before === "\n" || (before === "\r" && character !== "\n")) [line, column] = [line + 1, 1];
        const starts = unit === "char" || (/\S/u.test(character) && !/\S/u.test(before));
        if (starts && count++ === places[positions.length]) positions.push({ line, column });
        column++;
        before = character;
      }
      return positions.length < places.length;
    },
  };
}

/** The position of one unit in a text that is there whole. */
export function positionOf(content: string, unit: Exclude<NormalTextData["unit"], "byte">, place: number): Position {
  const locator = locate(unit, [place]);
  locator.push(content);
  return locator.positions[0] ?? { line: 1, column: 1 };
}
