/** Columns of a file by name or by number from 1, with the hint for one that the file does not have. */
import { nearest, quote } from "../../../schema/diagnostics/suggest.js";
import type { Column } from "../../../schema/normal/index.js";
import { formatCount } from "../../format.js";
import { fail, ok, type Result } from "../../result.js";

export interface ColumnFault {
  /** A predicate of the file, such as `has no column "pric"`. */
  readonly fault: string;
  readonly hint: string;
  readonly code: "column-missing" | "column-repeated";
}

/** The index of a column. A name that several columns have is a fault. */
export function findColumn(wanted: Column, names: readonly string[]): Result<number, ColumnFault> {
  const shown = `column ${typeof wanted === "number" ? wanted : quote(wanted)}`;
  const [index, ...others] = placesOf(wanted, names);
  if (index === undefined) {
    const hint = `${didYouMean(wanted, names)}${formatCount(names.length, "column")}: ${listNames(names)}.`;
    return fail({ fault: `has no ${shown}`, hint, code: "column-missing" });
  }
  if (others.length === 0) return ok(index);
  const places = [index, ...others].map((place) => place + 1).join(" or ");
  const hint = `Name the column by its number: ${places}.`;
  return fail({ fault: `has more than one ${shown}`, hint, code: "column-repeated" });
}

/** The hint for a key that a line of JSON does not have. */
export function keyHint(wanted: string, keys: readonly string[]): string {
  return keys.length === 0 ? "The line is empty." : `${didYouMean(wanted, keys)}Its keys are ${listNames(keys)}.`;
}

function didYouMean(wanted: Column, names: readonly string[]): string {
  const closest = typeof wanted === "string" ? nearest(wanted, names) : undefined;
  return closest === undefined ? "" : `Did you mean ${quote(closest)}? `;
}

function listNames(names: readonly string[]): string {
  return shorten(names.join(", "), 300);
}

/** Indices of the columns with a name, or at a place (from 1). */
function placesOf(wanted: Column, names: readonly string[]): readonly number[] {
  if (typeof wanted === "number") return wanted <= names.length ? [wanted - 1] : [];
  const places = names.flatMap((name, index) => (name === wanted ? [index] : []));
  const uniquePlace = makeUnique(names).indexOf(wanted);
  return places.length === 0 && uniquePlace >= 0 ? [uniquePlace] : places;
}

/** The names with their places added where two columns have one name: scalers and predictions are by name. */
export function makeUnique(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return names.map((name, index) => {
    let unique = name;
    while ((counts.get(unique) ?? 0) > (unique === name ? 1 : 0)) unique = `${unique} (column ${index + 1})`;
    return unique;
  });
}

export function shorten(text: string, maxLength = 40): string {
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}
