/** The way out of a path that does not exist: the most similar name in its folder. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, extname, join, relative } from "node:path";
import { nearestName, printable } from "../diagnostics/suggest.js";

/**
 * The path that exists and is most similar to a missing one; undefined if none is similar.
 *
 * @param isWanted Paths to choose from; by default all.
 */
export function nearestPath(path: string, isWanted: (path: string) => boolean = () => true): string | undefined {
  let missing = path;
  while (dirname(missing) !== missing && !existsSync(dirname(missing))) missing = dirname(missing);
  const folder = dirname(missing);
  const rest = relative(missing, path);
  const name = basename(missing);
  // Below a misspelled folder the rest of the path exists.
  const candidates = entriesOf(folder).filter((entry) => {
    const candidate = join(folder, entry, rest);
    return existsSync(candidate) && isWanted(candidate);
  });
  const extension = extname(name);
  const alike = extension === "" ? [] : candidates.filter((entry) => extname(entry) === extension);
  const closest = nearestEntry(name, alike) ?? nearestEntry(name, candidates);
  return closest === undefined ? undefined : join(folder, closest, rest);
}

/** Names are compared without their extensions. */
function nearestEntry(name: string, entries: readonly string[]): string | undefined {
  const stemOf = (entry: string) => basename(entry, extname(entry));
  const closest = nearestName(stemOf(name), entries.map(stemOf));
  return closest === undefined ? undefined : entries.find((entry) => stemOf(entry) === closest);
}

/** The hint with a path; empty without one. */
export function didYouMean(path: string | undefined): string {
  return path === undefined ? "" : `Did you mean ${printable(JSON.stringify(path))}?`;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
