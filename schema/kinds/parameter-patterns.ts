/**
 * Patterns of parameter names. `*` matches any characters, slashes too, and `?` one; `*` and a slash at the beginning
 * match nothing too. In a pattern, a kind of layer matches its numbered names (`dense`: `dense_2`), and `b` at the end
 * the biases of one more letter (`bq`). A name without `*` and `?` is that of one parameter.
 */
import type { NormalOptimizer } from "../normal/index.js";
import { layerFacts } from "./data.js";

export function matchesPattern(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  const segments = pattern.replace(/^\*+\//, "").split("/");
  const source = segments.map((segment, index) => sourceOf(segment, index === segments.length - 1)).join("/");
  const start = /^\*+\//.test(pattern) ? "(?:.*/)?" : "";
  return new RegExp(`^${start}${source}$`, "s").test(name);
}

/** A regular expression for the part of a pattern between two slashes. */
function sourceOf(segment: string, isLast: boolean): string {
  if (isLast && segment === "b") return "b[^/]?";
  const source = segment
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  return Object.hasOwn(layerFacts, segment) ? `${source}(?:_\\d+)?` : source;
}

export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, name));
}

/** One list of patterns of an optimizer. */
export interface PatternList {
  readonly key: "no_decay" | "rates" | "exclude";
  readonly patterns: readonly string[];
  /** Of `rates`. */
  readonly factor?: number;
}

/** The lists of patterns of an optimizer. */
export function patternListsOf(optimizer: NormalOptimizer): readonly PatternList[] {
  return [
    ...("no_decay" in optimizer ? [{ key: "no_decay" as const, patterns: optimizer.no_decay }] : []),
    ...optimizer.rates.map(({ parameters, factor }) => ({ key: "rates" as const, patterns: parameters, factor })),
    ...("exclude" in optimizer ? [{ key: "exclude" as const, patterns: optimizer.exclude }] : []),
  ];
}
