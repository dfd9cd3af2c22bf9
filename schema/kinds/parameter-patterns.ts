/** Patterns of parameter names: `*` matches any characters, slashes too, and `?` one. */
import type { NormalOptimizer } from "../normal/index.js";

export function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`, "s").test(name);
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
    ...(optimizer.type === "muon" ? [{ key: "exclude" as const, patterns: optimizer.exclude }] : []),
  ];
}
