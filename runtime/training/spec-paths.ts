/**
 * Paths of problems across threads: a worker reports paths in its copy of the normalized spec, and the thread with the
 * source map converts them to paths in the user's text.
 */
import type { SourceMap } from "../../schema/diagnostics/source-map.js";
import { child, keysOf } from "../../schema/json-pointer.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { RunFailure } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { fail, type Result } from "../result.js";

/** A source map from the normalized spec to itself. */
export function identityOrigins(spec: NormalSpec): SourceMap {
  const paths = new Map<object, string>();
  const walk = (node: unknown, path: string) => {
    if (typeof node !== "object" || node === null || paths.has(node)) return;
    paths.set(node, path);
    // Lists of numbers are data, and may have millions of entries.
    if (Array.isArray(node) && typeof node[0] !== "object") return;
    for (const [key, value] of Object.entries(node)) walk(value, child(path, key));
  };
  walk(spec, "");
  return {
    pathOf(node, key) {
      const path = paths.get(node) ?? "";
      return key === undefined ? path : child(path, key);
    },
  };
}

/** Converts the paths of an outcome's problems from the normalized spec to the user's text. */
export function mapPathsToSource<T>(
  spec: NormalSpec,
  origins: SourceMap | undefined,
  outcome: Result<T, RunFailure>,
): Result<T, RunFailure> {
  if (origins === undefined || outcome.ok) return outcome;
  const mapProblem = (problem: RunProblem) => withSourcePath(spec, origins, problem);
  const { error } = outcome;
  if (error.kind === "input") return fail({ ...error, problems: error.problems.map(mapProblem) });
  return error.source === undefined ? outcome : fail({ ...error, source: mapProblem(error.source) });
}

/** A problem of the normalized spec at its path in the user's text. */
export function withSourcePath(spec: NormalSpec, origins: SourceMap, problem: RunProblem): RunProblem {
  return { ...problem, path: sourcePathOf(spec, origins, problem.path) };
}

/** The path of the deepest object on the way that the source map has; the rest of a deeper path is kept. */
function sourcePathOf(spec: NormalSpec, origins: SourceMap, path: string): string {
  const keys = keysOf(path);
  let node: unknown = spec;
  let source = keys.reduce(child, origins.pathOf(spec));
  for (const [depth, key] of keys.entries()) {
    node = typeof node === "object" && node !== null ? Object.getOwnPropertyDescriptor(node, key)?.value : undefined;
    if (typeof node !== "object" || node === null) break;
    const [member, ...deeper] = keys.slice(depth + 1);
    // An entry of a list is an object of its own: the list's path would have the wrong index where blocks are repeated.
    const owner = Array.isArray(node) ? "" : origins.pathOf(node, member);
    if (owner !== "" && origins.pathOf(node) !== "") source = deeper.reduce(child, owner);
  }
  return source;
}
