/** Removal of problems that follow from others, so that one mistake gives one problem. */
import type { Problem } from "../diagnostics/index.js";
import { quote } from "../diagnostics/suggest.js";
import { keysOf } from "../json-pointer.js";

export interface SchemaProblem extends Problem {
  /** Missing keys of the object at `path`, any of which would fix it. */
  readonly missing?: readonly string[];
  /** For an unknown key: the most similar legal key. */
  readonly suggestedKey?: string | undefined;
}

/** Removes duplicates, and missing keys that a misspelled key explains. */
export function deduplicate(problems: readonly SchemaProblem[]): readonly Problem[] {
  const misspelled = new Set<string>();
  for (const { path, suggestedKey } of problems) {
    if (suggestedKey !== undefined) misspelled.add(`${parentOf(path)} ${suggestedKey}`);
  }
  const seen = new Set<string>();
  const unique: Problem[] = [];
  for (const { missing, suggestedKey: _, ...problem } of problems) {
    if (missing?.some((key) => misspelled.has(`${problem.path} ${key}`))) continue;
    const key = `${problem.path} ${problem.message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    unique.push(problem);
  }
  return unique;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** The name of the value at a path in messages: its key in quotes, or `model[1]` for an entry of a list. */
export function nameOf(path: string): string {
  const keys = keysOf(path);
  const last = keys.findLastIndex((key) => !/^\d+$/.test(key));
  if (last < 0) return "A spec";
  const indices = keys.slice(last + 1);
  return indices.length === 0 ? quote(String(keys[last])) : `${keys[last]}[${indices.join("][")}]`;
}
