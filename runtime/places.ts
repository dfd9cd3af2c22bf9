/**
 * The places of problems across threads: a worker has a copy of the normalized spec, so it names places in that copy, and
 * the thread that holds the original turns them into places of the user's text.
 */
import type { NormalSpec } from "../schema/normal.js";
import type { Origins } from "../schema/origins.js";
import type { TrainOutcome } from "./outcome.js";
import type { RunProblem } from "./problem.js";

/** Origins of a normalized spec in itself. */
export function ownPlaces(spec: NormalSpec): Origins {
  const places = new Map<object, string>();
  const walk = (part: unknown, path: string) => {
    if (typeof part !== "object" || part === null || places.has(part)) return;
    places.set(part, path);
    for (const [key, value] of Object.entries(part)) walk(value, `${path}/${escape(key)}`);
  };
  walk(spec, "");
  return {
    pathOf(part, key) {
      const path = places.get(part) ?? "";
      return key === undefined ? path : `${path}/${escape(key)}`;
    },
  };
}

export function placeIn(spec: NormalSpec, origins: Origins | undefined, outcome: TrainOutcome): TrainOutcome {
  if (origins === undefined || outcome.ok || outcome.kind !== "input") return outcome;
  return { ...outcome, problems: outcome.problems.map((problem) => placeProblem(spec, origins, problem)) };
}

function placeProblem(spec: NormalSpec, origins: Origins, problem: RunProblem): RunProblem {
  const keys = problem.path.split("/").slice(1).map(unescape);
  const last = keys.pop();
  if (last === undefined) return problem;
  let part: object = spec;
  for (const [depth, key] of keys.entries()) {
    const member: unknown = Object.entries(part).find(([name]) => name === key)?.[1];
    // Beyond the normalized spec, or inside a plain list of numbers: the nearest enclosing object names the place.
    if (typeof member !== "object" || member === null) return { ...problem, path: origins.pathOf(part, key) };
    if (Array.isArray(part) && depth === keys.length) break;
    part = member;
  }
  return { ...problem, path: origins.pathOf(part, last) };
}

function escape(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function unescape(key: string): string {
  return key.replaceAll("~1", "/").replaceAll("~0", "~");
}
