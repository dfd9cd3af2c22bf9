/** Examples of the validation and test splits that the training split has too: their metrics are no estimate. */
import { createHash } from "node:crypto";
import { formatCount, formatInteger, formatLines, listFirst } from "../format.js";
import type { Splits } from "./splits.js";

const MAX_PLACES = 5;

/**
 * A notice of the examples whose inputs are also in the training split; none without such examples.
 *
 * @param inputsOf the inputs of an example as text.
 * @param placeOf the line of an example, or its file and line.
 */
export function duplicateNotices(
  { train, validation, test }: Splits,
  inputsOf: (example: number) => string,
  placeOf: (example: number) => number | string,
): readonly string[] {
  if (validation.length + test.length === 0) return [];
  const keyOf = (example: number) => createHash("sha256").update(inputsOf(example)).digest("base64");
  const known = new Set(Array.from(train, keyOf));
  const found = [...validation, ...test].filter((example) => known.has(keyOf(example)));
  if (found.length === 0) return [];
  const subject = `${formatInteger(found.length)} of ${formatCount(validation.length + test.length, "held-out example")}`;
  const places = found.sort((a, b) => a - b).map(placeOf);
  const lines = places.every((place) => typeof place === "number")
    ? formatLines(places)
    : listFirst(places.map(String), MAX_PLACES);
  return [
    `${subject} ${found.length === 1 ? "has" : "have"} the same input as an example of the training split (${lines}).`,
  ];
}
