/** File names with patterns: `*` and `?` in the name of a file or folder, and `{a,b}` for each of a list. */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { withAnyCase } from "../../../schema/kinds/sound-names.js";

/** True for a name that is a pattern. A name with a bracket is a pattern where it has a list in it. */
export function isPattern(name: string): boolean {
  return /[*?]/.test(name) || /\{[^{}]*,[^{}]*\}/.test(name);
}

/** The files of a pattern: lists in their order, other matches by name. A name without a pattern is one file. */
export function expandPattern(pattern: string, folder: string): readonly string[] {
  const files = expandLists(pattern).flatMap((name) => (/[*?]/.test(name) ? matches(name, folder) : [name]));
  return [...new Set(files)];
}

/** A pattern with its files renamed: of a list of whole names each. */
export function mapPattern(pattern: string, rename: (file: string) => string): string {
  const [, list] = /^\{([^{}]*,[^{}]*)\}$/.exec(pattern) ?? [];
  return list === undefined ? rename(pattern) : `{${list.split(",").map(rename).join(",")}}`;
}

/** The first name of the lists of a pattern: all of its files have one format. */
export function firstName(pattern: string): string {
  return expandLists(pattern)[0] ?? pattern;
}

function expandLists(pattern: string): readonly string[] {
  const [list = ""] = /\{[^{}]*,[^{}]*\}/.exec(pattern) ?? [];
  if (list === "") return [pattern];
  const start = pattern.indexOf(list);
  const [before, after] = [pattern.slice(0, start), pattern.slice(start + list.length)];
  return list
    .slice(1, -1)
    .split(",")
    .flatMap((entry) => expandLists(`${before}${entry.trim()}${after}`));
}

/** Existing paths of a pattern, sorted segment by segment. */
function matches(pattern: string, folder: string): readonly string[] {
  const isAbsolute = pattern.startsWith("/");
  const segments = pattern.split("/").filter((segment) => segment !== "");
  let paths: readonly string[] = [isAbsolute ? "/" : ""];
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    paths = paths.flatMap((path) => {
      if (!/[*?]/.test(segment)) return [join(path, segment)];
      const source = segment
        .replace(/[.+^$()|[\]{}\\]/g, "\\$&")
        .replace(/\*/g, ".*")
        .replace(/\?/g, ".");
      const expression = new RegExp(`^${withAnyCase(source)}$`, "u");
      return entriesOf(resolve(folder, path), isLast)
        .filter((name) => expression.test(name) && (segment.startsWith(".") || !name.startsWith(".")))
        .sort((a, b) => (a < b ? -1 : 1))
        .map((name) => join(path, name));
    });
  }
  return paths;
}

function entriesOf(folder: string, files: boolean): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() !== files).map(({ name }) => name);
  } catch {
    return [];
  }
}
