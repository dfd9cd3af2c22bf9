/** Formats of dates as strftime writes them: literal text, and directives such as %Y. */
import type { DateFeature } from "./columns.js";

/** The part of a date of each directive. */
export const directives = {
  Y: "year",
  y: "year",
  m: "month",
  b: "month",
  B: "month",
  q: "quarter",
  G: "year",
  V: "week",
  d: "day",
  j: "day of the year",
  H: "hour",
  I: "hour of a half day",
  p: "half day",
  M: "minute",
  S: "second",
  f: "fraction",
  z: "zone",
  s: "time",
} as const;

export type Directive = keyof typeof directives;

export type FormatPart = { readonly text: string } | { readonly directive: Directive };

export const composedDirectives: Readonly<Record<string, string>> = {
  F: "%Y-%m-%d",
  T: "%H:%M:%S",
  R: "%H:%M",
  D: "%m/%d/%y",
};

/** The parts of a format, or a fault with its way out. */
export function parseDateFormat(
  format: string,
): { readonly parts: readonly FormatPart[] } | { readonly fault: string; readonly hint: string } {
  const full = format.replace(/%([FTRD])/g, (_, letter: string) => composedDirectives[letter] ?? "");
  const parts: FormatPart[] = [];
  const stated = new Set<string>();
  for (const [piece] of full.matchAll(/%[\s\S]?|[^%]+/g)) {
    const letter = piece.slice(1);
    if (!piece.startsWith("%")) parts.push({ text: piece });
    else if (piece === "%%") parts.push({ text: "%" });
    else if (!isDirective(letter))
      return {
        fault: `has ${piece}, which is no directive`,
        hint: `Directives are ${listed}, and %% for a percent sign.`,
      };
    else {
      const meaning = directives[letter];
      if (stated.has(meaning)) return { fault: `has the ${meaning} twice`, hint: "Keep one of the directives." };
      stated.add(meaning);
      parts.push({ directive: letter });
    }
  }
  if (stated.has("hour of a half day") !== stated.has("half day"))
    return { fault: "has one of %I and %p", hint: "Write both, such as %I:%M %p, or %H for 24 hours." };
  const has = (letter: Directive) => parts.some((part) => "directive" in part && part.directive === letter);
  if (has("G") !== has("V"))
    return { fault: "has one of %G and %V", hint: "Write both, such as %G-W%V for weeks of ISO 8601." };
  if (has("q") && stated.has("month")) return { fault: "has a quarter and a month", hint: "Keep the month." };
  if (stated.size === 0) return { fault: "has no directive", hint: "For example %Y-%m-%d." };
  return { parts };
}

const listed = Object.keys(directives)
  .map((letter) => `%${letter}`)
  .join(", ");

function isDirective(letter: string): letter is Directive {
  return Object.hasOwn(directives, letter);
}

const needs: { readonly [F in DateFeature]: "date" | "month" | "day" | "hour" | "minute" } = {
  minute: "minute",
  hour: "hour",
  weekday: "date",
  day: "day",
  day_of_year: "date",
  month: "month",
  quarter: "month",
};

/** True where a date of the format has the feature: an hour needs %H, a weekday a whole date. */
export function statesFeature(parts: readonly FormatPart[], feature: DateFeature): boolean {
  const stated = new Set(parts.flatMap((part) => ("directive" in part ? [directives[part.directive]] : [])));
  if (stated.has("time")) return true;
  const hasDate = stated.has("year") && ((stated.has("month") && stated.has("day")) || stated.has("day of the year"));
  switch (needs[feature]) {
    case "date":
      // The weeks of a year are its days in steps of 7.
      return hasDate || (feature === "day_of_year" && stated.has("week"));
    case "month":
      return hasDate || stated.has("month") || stated.has("week") || (feature === "quarter" && stated.has("quarter"));
    case "day":
      return hasDate || stated.has("day");
    case "hour":
      return stated.has("hour") || stated.has("hour of a half day");
    case "minute":
      return stated.has("minute");
  }
}
