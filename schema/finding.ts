/** A problem of a spec's shape, with what it needs to know of others: one slip should be told once. */
import type { Problem } from "./diagnostics.js";
import { keysOf } from "./pointer.js";
import { quote } from "./wording.js";

export interface Finding extends Problem {
  /** Keys of the object at `path`, any of which would mend it. */
  readonly missing?: readonly string[];
  /** For an unknown key: the key that was probably meant. */
  readonly meant?: string | undefined;
}

/** Leaves out what follows from a misspelt key (that the right one is missing), and what is said twice. */
export function withoutEchoes(findings: readonly Finding[]): readonly Problem[] {
  const misspelt = new Set<string>();
  for (const { path, meant } of findings) {
    if (meant !== undefined) misspelt.add(`${parentOf(path)} ${meant}`);
  }
  const said = new Set<string>();
  const kept: Problem[] = [];
  for (const { missing, meant: _, ...problem } of findings) {
    if (missing?.some((key) => misspelt.has(`${problem.path} ${key}`))) continue;
    const text = `${problem.path} ${problem.message}`;
    if (said.has(text)) continue;
    said.add(text);
    kept.push(problem);
  }
  return kept;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** How a message names the value at a path: its key in quotes, or `model[1]` for an entry of a list. */
export function nameOf(path: string): string {
  const keys = keysOf(path);
  const last = keys.findLastIndex((key) => !/^\d+$/.test(key));
  if (last < 0) return "A spec";
  const indices = keys.slice(last + 1);
  return indices.length === 0 ? quote(String(keys[last])) : `${keys[last]}[${indices.join("][")}]`;
}
