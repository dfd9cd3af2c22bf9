/**
 * The places of problems across threads: a worker has a copy of the normalized spec, so it names places in that copy, and
 * the thread that holds the original turns them into places of the user's text.
 */
import type { NormalSpec } from "../schema/normal.js";
import type { Origins } from "../schema/origins.js";
import { child, keysOf } from "../schema/pointer.js";
import type { TrainOutcome } from "./outcome.js";
import type { RunProblem } from "./problem.js";

/** Origins of a normalized spec in itself. */
export function ownPlaces(spec: NormalSpec): Origins {
  const places = new Map<object, string>();
  const walk = (part: unknown, path: string) => {
    if (typeof part !== "object" || part === null || places.has(part)) return;
    places.set(part, path);
    // Lists of numbers are data, not parts of the language: they may be millions of entries.
    if (Array.isArray(part) && typeof part[0] !== "object") return;
    for (const [key, value] of Object.entries(part)) walk(value, child(path, key));
  };
  walk(spec, "");
  return {
    pathOf(part, key) {
      const path = places.get(part) ?? "";
      return key === undefined ? path : child(path, key);
    },
  };
}

/** Turns the paths of an outcome's problems, which are those of the normalized spec, into paths of the user's text. */
export function placeOutcome(spec: NormalSpec, origins: Origins | undefined, outcome: TrainOutcome): TrainOutcome {
  if (origins === undefined || outcome.ok) return outcome;
  const place = (problem: RunProblem): RunProblem => ({ ...problem, path: placeOf(spec, origins, problem.path) });
  if (outcome.kind === "input") return { ...outcome, problems: outcome.problems.map(place) };
  return outcome.source === undefined ? outcome : { ...outcome, source: place(outcome.source) };
}

/** Origins know objects and their members; what is deeper (a number inside nested lists) keeps the rest of its path. */
function placeOf(spec: NormalSpec, origins: Origins, path: string): string {
  if (path === "") return path;
  const keys = keysOf(path);
  let owner: object = spec;
  let rest = keys;
  let part: unknown = spec;
  for (const [depth, key] of keys.entries()) {
    part = typeof part === "object" && part !== null ? Object.getOwnPropertyDescriptor(part, key)?.value : undefined;
    if (typeof part !== "object" || part === null) break;
    if (Array.isArray(part)) continue;
    owner = part;
    rest = keys.slice(depth + 1);
  }
  const [member, ...deeper] = rest;
  return deeper.reduce(child, origins.pathOf(owner, member));
}
