/** The members of an input line in its prediction: its text, and all that the model does not read. */
import type { Column } from "../../schema/normal/index.js";
import { formatCount, formatLines } from "../format.js";
import { entriesInOrder, keepOrder, mergeInOrder } from "../ordered-json.js";
import type { Prediction } from "./format-predictions.js";

/** True for the names of a prediction's parts that are not its result. */
export function isReservedName(name: string): boolean {
  return /^(?:line|probability|probabilities(?:\..*)?)$/su.test(name);
}

/**
 * The name of a prediction: that of the column of the targets; the role's where the spec has no name of it, or one of
 * another part of a prediction.
 */
export function predictionName(column: Column | null, role: string): string {
  return typeof column === "string" && !isReservedName(column) ? column : role;
}

/** The line's number, its members, and the prediction. A member named like a part of the prediction gets "(input)". */
export function withInput(line: number, members: Prediction, prediction: Prediction): Prediction {
  const names = new Set([members, prediction].flatMap((part) => Object.keys(part)));
  const nameOf = (name: string) => {
    if (!(name in prediction) && !isReservedName(name)) return name;
    let free = `${name} (input)`;
    while (names.has(free)) free += " (input)";
    return free;
  };
  const named = entriesInOrder(members).map(([name, value]) => [nameOf(name), value] as const);
  return mergeInOrder({ line }, keepOrder(named), prediction);
}

/** A notice of the lines that have nothing to predict from; none if there are no such lines. */
export function emptyNotices(lines: readonly number[], noun: string): readonly string[] {
  if (lines.length === 0) return [];
  const isOne = lines.length === 1;
  const subject = `${formatCount(lines.length, noun)} ${isOne ? "is" : "are"} empty`;
  return [`${subject} and ${isOne ? "has" : "have"} no prediction (${formatLines(lines)}).`];
}
